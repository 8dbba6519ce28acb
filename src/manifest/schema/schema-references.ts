import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import type { Path, Problem } from '../../graph/problem.ts';
import { describeFound } from './describe.ts';
import { walkSchema } from './walk-schema.ts';

/** References in one schema: following each to its end takes time by the square of them. */
export const MAX_REFERENCES = 500;

const BY_POINTER = 'Copy what it refers to into $defs and refer to "#/$defs/name".';

/**
 * What is wrong with the references of an input schema. Only pointers inside the schema are
 * followed: nothing is fetched, and no reference may lead back to itself without going deeper into
 * the value, which would never end.
 */
export function referenceProblems(schema: JsonObject): readonly Problem[] {
  if (countReferences(schema) > MAX_REFERENCES) return [tooMany];
  const problems: Problem[] = [];
  const bad = (path: Path, message: string): void => {
    problems.push({ code: 'bad-schema', severity: 'error', path, message, hint: BY_POINTER });
  };
  walkSchema(schema, (key, value, path) => {
    if (key === '$dynamicRef' || key === '$dynamicAnchor' || (key === '$id' && path.length > 1)) {
      bad(path, `"${key}" is not understood here; references are pointers.`);
    }
    if (key !== '$ref' || typeof value !== 'string') return;
    if (!value.startsWith('#')) {
      problems.push(remote(path, value));
    } else if (resolve(schema, value) === undefined) {
      bad(path, `The reference ${describeFound(value)} leads nowhere.`);
    } else if (isEndless(schema, value)) {
      bad(path, `The reference ${describeFound(value)} leads back to itself.`);
    }
  });
  return problems;
}

function countReferences(schema: JsonObject): number {
  let count = 0;
  walkSchema(schema, (key) => {
    if (key === '$ref') count += 1;
  });
  return count;
}

const tooMany: Problem = {
  code: 'bad-schema',
  severity: 'error',
  path: [],
  message: `The schema has more than ${MAX_REFERENCES} references.`,
  hint: 'Write small schemas out where they are used.',
};

function remote(path: Path, value: string): Problem {
  const message = `The reference ${describeFound(value)} leads out of this schema.`;
  return { code: 'remote-ref', severity: 'error', path, message, hint: BY_POINTER };
}

/** What `#` or `#/…` refers to; undefined when there is nothing, or it is no pointer. */
function resolve(schema: JsonObject, reference: string): Json | undefined {
  if (reference === '#') return schema;
  if (!reference.startsWith('#/')) return undefined;
  let value: Json | undefined = schema;
  for (const raw of reference.split('/').slice(1)) value = inside(value, unescaped(raw));
  return value;
}

function inside(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as JsonObject)[key];
}

/** A part of a pointer in a URI; one that is escaped wrongly leads nowhere. */
function unescaped(raw: string): string {
  try {
    return decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return '';
  }
}

/** Whether following a reference, and what applies to the same value, comes back to it. */
function isEndless(schema: JsonObject, reference: string): boolean {
  const seen = new Set<Json>();
  const start = resolve(schema, reference);
  const open: Json[] = start === undefined ? [] : inPlace(schema, start);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === start) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...inPlace(schema, next));
  }
  return false;
}

/** The schemas that apply to the same value as this one. */
function inPlace(root: JsonObject, schema: Json): Json[] {
  if (!isJsonObject(schema)) return [];
  const { $ref: reference, dependentSchemas } = schema;
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((key) => {
    const list = schema[key];
    return Array.isArray(list) ? list : [];
  });
  const single = ['not', 'if', 'then', 'else'].flatMap((key) => schema[key] ?? []);
  const target = typeof reference === 'string' ? resolve(root, reference) : undefined;
  const dependent = isJsonObject(dependentSchemas) ? Object.values(dependentSchemas) : [];
  return [...lists, ...single, ...dependent, ...(target === undefined ? [] : [target])].filter(
    isJsonObject,
  );
}
