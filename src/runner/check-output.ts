import type { Json } from '../expr/json.ts';
import { HardError } from '../nodes/errors.ts';

/** Nesting that neither recursion here nor JSON parsers elsewhere have trouble with. */
const MAX_DEPTH = 500;

export interface CheckedOutput {
  readonly output: Json;
  /** As JSON text, about. */
  readonly bytes: number;
}

interface Walk {
  bytesLeft: number;
  readonly maxBytes: number;
  /** Where it is now; a list's indexes are numbers. */
  readonly path: (string | number)[];
}

/**
 * What a handler returned, as JSON that every receiver can store. A missing value is null and
 * missing fields are left out, as in JSON.stringify; text becomes well-formed and NUL, which
 * Postgres cannot hold, the replacement character. Rejects with `malformed_output` for what is no
 * JSON and with `limit` above `maxBytes`. The same object when nothing has to change.
 */
export function checkOutput(value: unknown, maxBytes: number): CheckedOutput {
  if (value === undefined || value === null) return { output: null, bytes: 0 };
  const walk: Walk = { bytesLeft: maxBytes, maxBytes, path: [] };
  const output = checkValue(value, walk);
  return { output, bytes: maxBytes - walk.bytesLeft };
}

/** Text that every receiver can store. */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed;
}

function checkValue(value: unknown, walk: Walk): Json {
  switch (typeof value) {
    case 'string':
      // Counted as UTF-16: an exact count matters less than the second pass it would take.
      spend(walk, value.length + 2);
      return storableText(value);
    case 'number':
      spend(walk, 8);
      if (!Number.isFinite(value)) throw malformed(walk, `the number ${value}`);
      return value;
    case 'boolean':
      spend(walk, 5);
      return value;
    case 'object':
      if (value === null) return null;
      if (walk.path.length >= MAX_DEPTH) throw tooDeep();
      return Array.isArray(value) ? checkArray(value, walk) : checkObject(value, walk);
    default:
      throw malformed(walk, `a ${typeof value}`);
  }
}

function checkChild(key: string | number, value: unknown, walk: Walk): Json {
  walk.path.push(key);
  const checked = checkValue(value, walk);
  walk.path.pop();
  return checked;
}

function checkArray(items: readonly unknown[], walk: Walk): Json {
  let copy: Json[] | null = null;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    spend(walk, 1);
    const checked = item === undefined ? null : checkChild(index, item, walk);
    if (copy === null && checked !== item) copy = items.slice(0, index) as Json[];
    copy?.push(checked);
  }
  return copy ?? (items as readonly Json[]);
}

function checkObject(value: object, walk: Walk): Json {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw malformed(walk, `an instance of ${value.constructor?.name ?? 'an unnamed class'}`);
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
    const result = checkChild(key, child, walk);
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

function malformed({ path }: Walk, found: string): HardError {
  const steps = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`));
  const place = path.length === 0 ? 'the output' : `the output at ${steps.join('').slice(0, 500)}`;
  const expected = 'null, true, false, a finite number, text, a list or a plain object';
  return new HardError('malformed_output', `${place} is ${found}; expected JSON: ${expected}`);
}

function tooDeep(): HardError {
  return new HardError(
    'malformed_output',
    `the output is nested more than ${MAX_DEPTH} levels deep or contains itself; expected plain JSON`,
  );
}
