import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import type { Path, Problem } from '../graph/problem.ts';

/** Fields without which the graph cannot be looked at. */
const VITAL = new Set(['id', 'type', 'name', 'steps', 'phases', 'spec', 'apply', 'onFailure', 'finally']);

/**
 * The manifest without what its schema refuses, so that the graph can tell what is wrong with the
 * rest, all in one go. Null where guessing would only make noise.
 */
export function mend(manifest: JsonObject, problems: readonly Problem[]): JsonObject | null {
  let mended: Json = manifest;
  for (const { code, path, hint, atKey } of problems) {
    if (path[0] !== 'spec') continue;
    const inConfig = path.includes('config');
    if (code === 'missing-field' || code === 'conflicting-fields') {
      if (inConfig || hint?.startsWith('config') === true || isOptional(path)) continue;
      return null;
    }
    if (path.length < 2) return null;
    const last = path.at(-1);
    if (atKey !== true && !inConfig && typeof last === 'string' && VITAL.has(last)) {
      if (code === 'not-supported-yet') continue;
      return null;
    }
    mended = without(mended, path, code === 'unknown-field' ? meantBy(hint) : undefined);
  }
  return isJsonObject(mended) ? mended : null;
}

/** Paths in `input`, `resume` and `triggers` do not touch the steps. */
function isOptional(path: Path): boolean {
  return ['input', 'resume', 'triggers'].includes(String(path[1])) || path.at(-1) === 'retry';
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
