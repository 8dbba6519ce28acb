import { linearPattern } from '../../expr/functions/linear-pattern.ts';
import { didYouMean } from '../../expr/suggest.ts';
import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import { MAX_PATTERN_LENGTH } from '../../expr/limits.ts';
import type { Path, Problem } from '../../graph/problem.ts';
import { compileFault } from './data-check.ts';
import { newAjv } from './check-schema.ts';
import { describeFound, listText } from './describe.ts';
import { pathOf, type SchemaError } from './schema-error.ts';
import { referenceProblems } from './schema-references.ts';
import { walkSchema } from './walk-schema.ts';

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];

/** Knows the meta-schema and the formats: making one costs some 7 ms. */
const shared = newAjv();

/** What is wrong with a workflow's `input` as a JSON Schema 2020-12; paths are inside it. */
export function checkInputSchema(schema: JsonObject): readonly Problem[] {
  const checks = [draftProblems, metaProblems, referenceProblems, wordProblems, compileProblems];
  for (const check of checks) {
    const problems = check(schema);
    if (problems.length > 0) return problems;
  }
  return [];
}

function bad(path: Path, message: string, hint: string): Problem {
  return { code: 'bad-schema', severity: 'error', path, message, hint };
}

function draftProblems(schema: JsonObject): readonly Problem[] {
  const problems: Problem[] = [];
  walkSchema(schema, (key, value, path) => {
    if (key !== '$schema' || isOurDraft(value)) return;
    const message = `Only JSON Schema 2020-12 is understood; found ${describeFound(value)}.`;
    const hint = 'Remove $schema, or write https://json-schema.org/draft/2020-12/schema.';
    problems.push(bad(path, message, hint));
  });
  return problems;
}

function isOurDraft(value: Json): boolean {
  return typeof value === 'string' && /json-schema\.org\/draft\/2020-12\/schema#?$/.test(value);
}

/** Of a schema with 10,000 mistakes nobody is told more than the first. */
const MAX_ERRORS = 2000;
const MAX_PROBLEMS = 200;

/** The deepest errors of the meta-schema, each place once. */
function metaProblems(schema: JsonObject): readonly Problem[] {
  if (shared.validateSchema(schema) === true) return [];
  const byPlace = new Map<string, SchemaError>();
  for (const error of (shared.errors ?? []).slice(0, MAX_ERRORS)) {
    if (error.keyword === '$dynamicRef' || error.keyword === '$ref') continue;
    const known = byPlace.get(error.instancePath);
    const isBetter = known === undefined || weight(error) > weight(known);
    if (isBetter) byPlace.set(error.instancePath, error);
  }
  return [...byPlace.values()].slice(0, MAX_PROBLEMS).map((error) => metaProblem(error, schema));
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

/** What the meta-schema lets pass: patterns, formats, empty enums. */
function wordProblems(schema: JsonObject): readonly Problem[] {
  const problems: Problem[] = [];
  walkSchema(schema, (key, value, path) => {
    if (key === 'enum' && Array.isArray(value) && value.length === 0) {
      problems.push(bad(path, '"enum" lists no value, so nothing would fit.', 'List the values.'));
    }
    if (key === 'patternProperties' && isJsonObject(value)) {
      problems.push(
        ...Object.keys(value).flatMap((each) => patternProblems(each, [...path, each])),
      );
    }
    if (typeof value !== 'string') return;
    if (key === 'pattern') problems.push(...patternProblems(value, path));
    if (key === 'format' && shared.formats[value] === undefined) {
      const near = didYouMean(value, Object.keys(shared.formats));
      const message = `The format ${describeFound(value)} is unknown.`;
      problems.push(bad(path, message, near ?? 'Remove it, or use pattern.'));
    }
  });
  return problems;
}

function patternProblems(pattern: string, path: Path): readonly Problem[] {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    const message = `The pattern has ${pattern.length} characters; at most ${MAX_PATTERN_LENGTH} are allowed.`;
    return [bad(path, message, 'Split it with allOf.')];
  }
  try {
    linearPattern(pattern);
    return [];
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : '';
    const message = `The pattern ${describeFound(pattern)} is no regular expression: ${reason}.`;
    return [bad(path, message, LINEAR)];
  }
}

const LINEAR =
  'Escape special characters with \\. Look-around, back references and more than 1000 repeats are not supported: they can take for ever.';

/** Keywords that the checks before know all of; compiling costs half a millisecond a schema. */
const PLAIN = new Set(
  (
    '$schema $ref $defs $comment title description default examples deprecated type enum const ' +
    'properties required additionalProperties items prefixItems format pattern allOf anyOf oneOf not ' +
    'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems ' +
    'maxItems uniqueItems minProperties maxProperties if then else readOnly writeOnly'
  ).split(' '),
);

/** Whatever else keeps the validator from working with it. */
function compileProblems(schema: JsonObject): readonly Problem[] {
  let isPlain = true;
  walkSchema(schema, (key) => {
    isPlain &&= PLAIN.has(key);
  });
  if (isPlain) return [];
  const fault = compileFault(schema);
  if (fault === null) return [];
  return [bad([], `The input schema cannot be used: ${fault}.`, 'See JSON Schema 2020-12.')];
}
