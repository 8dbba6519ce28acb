import type { Json } from '../expr/json.ts';
import { HardError } from '../nodes/errors.ts';

/** Nesting that neither recursion here nor JSON parsers elsewhere have trouble with. */
const MAX_DEPTH = 500;

interface Walk {
  bytesLeft: number;
  readonly maxBytes: number;
}

/**
 * What a handler returned, as JSON that every receiver can store. A missing value is null and
 * missing fields are left out, as in JSON.stringify; text becomes well-formed and NUL, which
 * Postgres cannot hold, the replacement character. Rejects with `malformed_output` for what is no
 * JSON and with `limit` above `maxBytes`. Returns the same object when nothing has to change.
 */
export function checkOutput(value: unknown, maxBytes: number): Json {
  if (value === undefined || value === null) return null;
  return checkValue(value, '', 0, { bytesLeft: maxBytes, maxBytes });
}

/** Text that every receiver can store. */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed;
}

function checkValue(value: unknown, path: string, depth: number, walk: Walk): Json {
  switch (typeof value) {
    case 'string':
      // Bytes are counted by length first: exact counting matters only near the limit.
      spend(walk, value.length + 2);
      return storableText(value);
    case 'number':
      spend(walk, 8);
      if (!Number.isFinite(value)) throw malformed(path, `the number ${value}`);
      return value;
    case 'boolean':
      spend(walk, 5);
      return value;
    case 'object':
      if (value === null) return null;
      if (depth >= MAX_DEPTH) throw tooDeep();
      return Array.isArray(value)
        ? checkArray(value, path, depth, walk)
        : checkObject(value, path, depth, walk);
    default:
      throw malformed(path, `a ${typeof value}`);
  }
}

function checkArray(items: readonly unknown[], path: string, depth: number, walk: Walk): Json {
  let copy: Json[] | null = null;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    spend(walk, 1);
    const checked =
      item === undefined ? null : checkValue(item, `${path}[${index}]`, depth + 1, walk);
    if (copy === null && checked !== item) copy = items.slice(0, index) as Json[];
    copy?.push(checked);
  }
  return copy ?? (items as readonly Json[]);
}

function checkObject(value: object, path: string, depth: number, walk: Walk): Json {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw malformed(path, `an instance of ${value.constructor?.name ?? 'an unnamed class'}`);
  }
  let changed = false;
  const checked: [string, Json][] = [];
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) {
      changed = true;
      continue;
    }
    spend(walk, key.length + 4);
    const name = storableText(key);
    const result = checkValue(child, path === '' ? key : `${path}.${key}`, depth + 1, walk);
    changed ||= name !== key || result !== child;
    checked.push([name, result]);
  }
  return changed ? Object.fromEntries(checked) : (value as Json);
}

function spend(walk: Walk, bytes: number): void {
  walk.bytesLeft -= bytes;
  if (walk.bytesLeft < 0) {
    throw new HardError(
      'limit',
      `the output is larger than ${walk.maxBytes} bytes, the limit of one step: write large data ` +
        `to a file or a store of your own and return a reference`,
    );
  }
}

function malformed(path: string, found: string): HardError {
  const place = path === '' ? 'the output' : `the output at ${path}`;
  return new HardError(
    'malformed_output',
    `${place} is ${found}; expected JSON: null, true, false, a finite number, text, a list or a plain object`,
  );
}

function tooDeep(): HardError {
  return new HardError(
    'malformed_output',
    `the output is nested more than ${MAX_DEPTH} levels deep or contains itself; expected plain JSON`,
  );
}
