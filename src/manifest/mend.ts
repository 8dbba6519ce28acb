import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import type { Path, Problem } from '../graph/problem.ts';

/** Fields without which the graph cannot be looked at. */
const VITAL = new Set([
  'id',
  'type',
  'name',
  'steps',
  'phases',
  'spec',
  'apply',
  'onFailure',
  'finally',
]);

/** With more than are told there is no room for what else is wrong. */
const MAX_PROBLEMS = 100;

/**
 * The manifest without what its schema refuses, so that the graph can tell what is wrong with the
 * rest, all in one go. Null where guessing would only make noise.
 */
export function mend(manifest: JsonObject, problems: readonly Problem[]): JsonObject | null {
  if (!isJsonObject(manifest['spec']) || problems.length > MAX_PROBLEMS) return null;
  let mended: Json = manifest;
  let counter = 1;
  for (const problem of problems) {
    const { code, path, hint } = problem;
    if (code === 'wrong-type' && typeof path.at(-1) === 'number') return null;
    if (path[0] !== 'spec') continue;
    const inConfig = path.includes('config');
    const missing = missingOf(problem);
    if (missing === 'id' || missing === 'type') {
      mended = placed(
        mended,
        path,
        missing === 'id' ? { id: `unnamed_${counter}` } : { type: 'start' },
      );
      counter += 1;
      continue;
    }
    const optional = optionalPart(path);
    if (optional !== undefined) {
      mended = without(mended, optional, undefined);
      continue;
    }
    if (missing !== undefined || code === 'conflicting-fields') {
      if (inConfig || missing === 'config') continue;
      return null;
    }
    if (path.length < 2) return null;
    if (isVital(problem, inConfig)) {
      // A name of the wrong form is still a name.
      if (code === 'not-supported-yet' || code === 'wrong-form') continue;
      return null;
    }
    mended = without(mended, path, code === 'unknown-field' ? meantBy(hint) : undefined);
  }
  return isJsonObject(mended) ? mended : null;
}

/** The field that a `missing-field` problem names last: it says so in quotes. */
function missingOf({ code, message }: Problem): string | undefined {
  return code === 'missing-field' ? /.*"([^"]+)"/.exec(message)?.[1] : undefined;
}

/** The value with these fields added to the object at `path`. */
function placed(value: Json, path: Path, fields: JsonObject): Json {
  const [part, ...rest] = path;
  if (part === undefined) return isJsonObject(value) ? { ...fields, ...value } : value;
  if (Array.isArray(value)) {
    return value.map((item: Json, index) => (index === part ? placed(item, rest, fields) : item));
  }
  if (!isJsonObject(value)) return value;
  return { ...value, [part]: placed(value[part] ?? null, rest, fields) };
}

function isVital({ path, atKey }: Problem, inConfig: boolean): boolean {
  const last = path.at(-1);
  if (atKey === true || inConfig) return false;
  return typeof last === 'string' && VITAL.has(last);
}

/** The part of the spec around this path that the steps do not depend on. */
function optionalPart(path: Path): Path | undefined {
  if (['input', 'resume', 'triggers'].includes(String(path[1]))) return path.slice(0, 2);
  const retry = path.indexOf('retry');
  return retry > 0 && !path.includes('config') ? path.slice(0, retry + 1) : undefined;
}

/** The field that a hint says was meant. */
function meantBy(hint: string | undefined): string | undefined {
  return /^Did you mean "(.+)"\?$/.exec(hint ?? '')?.[1];
}

/** The value without the field at `path`; with `rename`, under that name if it is free. */
function without(value: Json, path: Path, rename: string | undefined): Json {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (Array.isArray(value)) {
    if (rest.length === 0) return value.filter((_, index) => index !== part);
    return value.map((item: Json, index) => (index === part ? without(item, rest, rename) : item));
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, part)) return value;
  const { [part]: found, ...others } = value;
  if (rest.length > 0) return { ...value, [part]: without(found ?? null, rest, rename) };
  if (rename === undefined || Object.hasOwn(others, rename)) return others;
  return { ...others, [rename]: found ?? null };
}
