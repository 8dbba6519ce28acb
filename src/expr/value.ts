/** A moment, to the millisecond. JSON carries it as RFC 3339 text. */
export class Timestamp {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}

/** A span of time, to the millisecond. JSON carries it as text: `3s`, `0.5s`. */
export class Duration {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}

/** What an expression computes with: JSON, and three kinds of value that JSON carries as text. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Timestamp
  | Duration
  | readonly Value[]
  | ValueMap;

export interface ValueMap {
  readonly [key: string]: Value;
}

export interface ValueOf {
  readonly any: Value;
  readonly null: null;
  readonly bool: boolean;
  readonly number: number;
  readonly string: string;
  readonly bytes: Uint8Array;
  readonly timestamp: Timestamp;
  readonly duration: Duration;
  readonly list: readonly Value[];
  readonly map: ValueMap;
}

/** The type of a value as the checker knows it; `any` is not known before it runs. */
export type Type = keyof ValueOf;

export function typeOf(value: Value): Exclude<Type, 'any'> {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'number';
    case 'boolean':
      return 'bool';
    default:
      return value === null ? 'null' : typeOfObject(value);
  }
}

function typeOfObject(value: object): Exclude<Type, 'any'> {
  if (Array.isArray(value)) return 'list';
  if (value instanceof Timestamp) return 'timestamp';
  if (value instanceof Duration) return 'duration';
  return value instanceof Uint8Array ? 'bytes' : 'map';
}

export function isMap(value: Value | undefined): value is ValueMap {
  return typeof value === 'object' && value !== null && typeOfObject(value) === 'map';
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** Sets a key as data: `__proto__` becomes a key like any other. */
export function setOwn<T>(target: { [key: string]: T }, key: string, value: T): void {
  if (key !== '__proto__') target[key] = value;
  else
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}
