import { didYouMean } from '../../expr/suggest.ts';
import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import type { Path, Problem } from '../../graph/problem.ts';
import { newAjv, schemaCheck } from './check-schema.ts';
import { describeFound, listText } from './describe.ts';
import { pathOf, type SchemaError } from './schema-error.ts';

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];

const shared = newAjv();

/** What is wrong with a workflow's `input` as a JSON Schema 2020-12; paths are inside it. */
export function checkInputSchema(schema: JsonObject): readonly Problem[] {
  const references = referenceProblems(schema);
  const problems = references.length > 0 ? references : metaProblems(schema);
  return problems.length > 0 ? problems : compileProblems(schema);
}

function isOwnDialect(value: Json): boolean {
  return typeof value === 'string' && /json-schema\.org\/draft\/2020-12\/schema#?$/.test(value);
}

function bad(path: Path, message: string, hint: string): Problem {
  return { code: 'bad-schema', severity: 'error', path, message, hint };
}

function remote(path: Path, value: Json): Problem {
  return {
    code: 'remote-ref',
    severity: 'error',
    path,
    message: `The reference ${describeFound(value)} leads out of this schema.`,
    hint: 'Copy what it refers to into $defs and refer to "#/$defs/name".',
  };
}

function referenceProblems(schema: JsonObject): readonly Problem[] {
  const problems: Problem[] = [];
  walk(schema, [], (key, value, path) => {
    if (key === '$schema' && !isOwnDialect(value)) {
      problems.push(
        bad(
          path,
          `Only JSON Schema 2020-12 is understood; found ${describeFound(value)}.`,
          'Remove $schema, or write https://json-schema.org/draft/2020-12/schema.',
        ),
      );
    }
    if (key !== '$ref' && key !== '$dynamicRef') return;
    if (typeof value !== 'string' || value.startsWith('#')) return;
    problems.push(remote(path, value));
  });
  return problems;
}

/** The deepest errors of the meta-schema, each place once. */
function metaProblems(schema: JsonObject): readonly Problem[] {
  if (shared.validateSchema(schema) === true) return [];
  const byPlace = new Map<string, SchemaError>();
  for (const error of shared.errors ?? []) {
    if (error.keyword === '$dynamicRef' || error.keyword === '$ref') continue;
    const known = byPlace.get(error.instancePath);
    if (known === undefined || weight(error) > weight(known))
      byPlace.set(error.instancePath, error);
  }
  return [...byPlace.values()].map((error) => metaProblem(error, schema));
}

function weight({ keyword }: SchemaError): number {
  return ['anyOf', 'type', 'enum'].indexOf(keyword);
}

function metaProblem(error: SchemaError, schema: JsonObject): Problem {
  const path = pathOf(error.instancePath, schema);
  const found = describeFound(error.data);
  if (error.keyword === 'enum') {
    const near = typeof error.data === 'string' ? didYouMean(error.data, TYPES) : undefined;
    return bad(
      path,
      `${found} is no type of JSON Schema.`,
      near ?? `The types are ${listText(TYPES)}.`,
    );
  }
  const keyword = String(path.at(-1) ?? 'input');
  return bad(
    path,
    `"${keyword}" ${error.message ?? 'is wrong'}; found ${found}.`,
    'See JSON Schema 2020-12.',
  );
}

/** What the meta-schema cannot see: patterns, formats, references to nowhere. */
function compileProblems(schema: JsonObject): readonly Problem[] {
  const problems: Problem[] = [];
  walk(schema, [], (key, value, path) => {
    if (typeof value !== 'string') return;
    if (key === 'pattern' && !isPattern(value)) {
      problems.push(
        bad(
          path,
          `The pattern ${describeFound(value)} is no regular expression.`,
          'Escape special characters with \\.',
        ),
      );
    }
    if (key === 'format' && shared.formats[value] === undefined) {
      const near = didYouMean(value, Object.keys(shared.formats));
      problems.push(
        bad(
          path,
          `The format ${describeFound(value)} is unknown.`,
          near ?? 'Remove it, or use pattern.',
        ),
      );
    }
    if (key === '$ref' && resolve(schema, value) === undefined) {
      problems.push(
        bad(
          path,
          `The reference ${describeFound(value)} leads nowhere.`,
          'Refer to "#/$defs/name".',
        ),
      );
    }
  });
  if (problems.length > 0 || !hasNames(schema)) return problems;
  try {
    newAjv().compile(schema);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [
      bad([], `The input schema cannot be compiled: ${message}.`, 'See JSON Schema 2020-12.'),
    ];
  }
}

/** Named places are all that only the compiler can follow; compiling takes some 7 ms. */
function hasNames(schema: JsonObject): boolean {
  let found = false;
  walk(schema, [], (key, value) => {
    found ||= ['$id', '$anchor', '$dynamicAnchor', '$dynamicRef'].includes(key);
    found ||= key === '$ref' && typeof value === 'string' && !/^#(\/|$)/.test(value);
  });
  return found;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

/** Only pointers are followed here; anchors are left to the compiler. */
function resolve(schema: JsonObject, reference: string): Json | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return true;
  let value: Json | undefined = schema;
  for (const raw of decodeURIComponent(reference).split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    value = isJsonObject(value) || Array.isArray(value) ? (value as JsonObject)[key] : undefined;
  }
  return value;
}

/** Keywords whose values are data, not schemas. */
const DATA = new Set(['const', 'enum', 'default', 'examples']);
/** Keywords whose values hold schemas by names of the author's. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);

function walk(
  value: Json,
  path: Path,
  visit: (key: string, value: Json, path: Path) => void,
): void {
  if (Array.isArray(value)) {
    value.forEach((item: Json, index) => walk(item, [...path, index], visit));
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (DATA.has(key)) continue;
    visit(key, item, [...path, key]);
    if (!NAMED.has(key) || !isJsonObject(item)) walk(item, [...path, key], visit);
    else
      for (const [name, schema] of Object.entries(item)) walk(schema, [...path, key, name], visit);
  }
}

/** Checks of run inputs by compiled schema; a schema is an object of a graph that stays alive. */
const inputChecks = new WeakMap<JsonObject, (value: Json) => readonly Problem[]>();

/** What is wrong with a run's input by its workflow's schema; a null schema accepts anything. */
export function checkInput(schema: JsonObject | null, input: Json): readonly Problem[] {
  if (schema === null) return [];
  const check = inputChecks.get(schema) ?? schemaCheck(schema, { useDefaults: true });
  inputChecks.set(schema, check);
  // Defaults are written into the value that is checked.
  return check(structuredClone<Json>(input));
}
