import { parseAllDocuments, stringify } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../../../src/expr/json.ts';
import type { Dice } from '../../simulation/dice.ts';
import { nastyTexts } from '../nasty.ts';
import { nastyExpression } from './spoil-expressions.ts';
import type { Spoil } from './mutant.ts';

export const MAX_TEXT = 50_000;

type Path = readonly (string | number)[];

/** Edits of what the text means: values of other types, misspelt, missing, moved and added fields. */
export const spoilTree: Spoil = (dice, text, others) => {
  const documents = valuesOf(text);
  if (documents.length === 0) return text;
  const index = dice.below(documents.length);
  let value = documents[index] ?? null;
  const other = dice.pick(others);
  const donor = valuesOf(Buffer.from(other.files.get(other.main) ?? []).toString())[0] ?? null;
  for (let i = dice.between(1, 3); i > 0; i -= 1) value = edited(dice, value, donor);
  return printed(dice, documents.with(index, value));
};

function valuesOf(text: string): Json[] {
  // Without the reader's own guards the library takes minutes over some texts.
  if (text.length > MAX_TEXT) return [];
  try {
    const documents = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false });
    // By way of text, as aliases can make a value that contains itself.
    return [...documents].map(
      (each) => JSON.parse(JSON.stringify(each.toJS({ maxAliasCount: 50 }) ?? null)) as Json,
    );
  } catch {
    // What was spoilt before may be no YAML any more.
    return [];
  }
}

function printed(dice: Dice, values: readonly Json[]): string {
  if (dice.chance(0.3))
    return values
      .map((each) => JSON.stringify(each, null, dice.pick(['', ' ', '  ', '\t'])))
      .join('\n---\n');
  const options = {
    indent: dice.pick([2, 4, 8]),
    lineWidth: dice.pick([0, 20, 80]),
    defaultStringType: dice.pick<
      'PLAIN' | 'QUOTE_DOUBLE' | 'QUOTE_SINGLE' | 'BLOCK_LITERAL' | 'BLOCK_FOLDED'
    >(['PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED']),
    collectionStyle: dice.pick<'any' | 'block' | 'flow'>(['any', 'block', 'flow']),
    aliasDuplicateObjects: false,
  } as const;
  return values.map((each) => stringify(each, options)).join('---\n');
}

function edited(dice: Dice, value: Json, donor: Json): Json {
  const path = dice.pick(pathsIn(value));
  return at(value, path, (found) => {
    switch (dice.below(8)) {
      case 0:
        return undefined;
      case 1:
        return wrong(dice);
      case 2:
        return at(donor, dice.pick(pathsIn(donor)), (part) => part) === undefined
          ? null
          : partOf(donor, dice.pick(pathsIn(donor)));
      case 3:
        return isJsonObject(found)
          ? { ...found, [dice.pick(nastyKeys)]: wrong(dice) }
          : [found, found];
      case 4:
        return isJsonObject(found) ? renamed(dice, found) : wrong(dice);
      case 5:
        return Array.isArray(found)
          ? [...found, ...(found as readonly Json[]).slice(0, dice.below(4))]
          : [found];
      case 6:
        return typeof found === 'string'
          ? dice.pick([...nastyTexts, found.toUpperCase(), `${found} `, found.repeat(3)])
          : { a: found };
      default:
        return nastyExpression(dice);
    }
  });
}

const nastyKeys = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  'a.b',
  '$ref',
  'needs',
  'when',
  'forEach',
  'retry',
  'config',
  'id',
  'input',
  'steps',
  'phases',
  '{{ input.x }}',
  '📦',
  'x'.repeat(300),
];

function wrong(dice: Dice): Json {
  return dice.pick<Json>([
    null,
    true,
    0,
    -1,
    1.5,
    1e21,
    '',
    ' ',
    'x',
    [],
    {},
    [[]],
    [null],
    { a: { b: { c: [1] } } },
    '{{ input }}',
    '{{ secrets.x }}',
    '1h',
    '-1s',
    '99999999d',
    'x'.repeat(5000),
    Array(300).fill('a'),
    { $ref: '#' },
    { type: 'strin' },
    nested(70),
  ]);
}

function nested(depth: number): Json {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

/** A letter more, less or other in one of the keys. */
function renamed(dice: Dice, value: JsonObject): JsonObject {
  const keys = Object.keys(value);
  if (keys.length === 0) return value;
  const chosen = dice.pick(keys);
  const place = dice.below(chosen.length + 1);
  const letter = dice.pick(['', 'x', chosen.charAt(place).toUpperCase(), '_']);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) =>
      key === chosen
        ? [key.slice(0, place) + letter + key.slice(place + dice.below(2)), each]
        : [key, each],
    ),
  );
}

function pathsIn(value: Json, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || path.length > 30) return [path];
  return [
    path,
    ...Object.entries(value)
      .slice(0, 60)
      .flatMap(([key, each]) => pathsIn(each, [...path, Array.isArray(value) ? Number(key) : key])),
  ];
}

function partOf(value: Json, path: Path): Json {
  let part: Json = value;
  for (const key of path) part = (part as JsonObject)[key] ?? null;
  return part;
}

/** The value with one part of it changed; undefined takes it out. */
function at(value: Json, path: Path, change: (found: Json) => Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return change(value) ?? null;
  if (Array.isArray(value)) {
    const items: readonly Json[] = value;
    const index = Number(key);
    if (rest.length > 0) return items.with(index, at(items[index] ?? null, rest, change));
    const made = change(items[index] ?? null);
    return made === undefined ? items.toSpliced(index, 1) : items.with(index, made);
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([each, inner]): [string, Json][] => {
    if (each !== key) return [[each, inner]];
    if (rest.length > 0) return [[each, at(inner, rest, change)]];
    const made = change(inner);
    return made === undefined ? [] : [[each, made]];
  });
  return Object.fromEntries(entries);
}
