import { compare, isEqual } from '../equality.ts';
import { Fault } from '../fault.ts';
import type { Frame } from '../frame.ts';
import { MAX_VALUE_DEPTH } from '../limits.ts';
import { finite } from '../operators.ts';
import { isList, setOwn, type Value, type ValueMap } from '../value.ts';
import { define, type FunctionDef } from './function-def.ts';

/** Longest list that `range` makes. */
const MAX_RANGE = 1_000_000;

function range(frame: Frame, from: number, to: number): number[] {
  const count = Math.max(0, to - from);
  if (!Number.isInteger(from) || !Number.isInteger(to) || count > MAX_RANGE) {
    throw new Fault(`range takes whole numbers at most ${MAX_RANGE} apart`);
  }
  frame.charge(count);
  return Array.from({ length: count }, (_, index) => from + index);
}

function flatten(frame: Frame, list: readonly Value[], depth: number): Value[] {
  const result: Value[] = [];
  for (const item of list) {
    frame.charge(1);
    if (!isList(item) || depth < 1) result.push(item);
    else for (const inner of flatten(frame, item, depth - 1)) result.push(inner);
  }
  return result;
}

/** Scalars are told apart by a set, so that only nested values cost a comparison each. */
function distinct(frame: Frame, list: readonly Value[]): Value[] {
  const scalars = new Set<Value>();
  const nested: Value[] = [];
  return list.filter((item) => {
    frame.charge(1);
    if (typeof item !== 'object' || item === null) {
      if (scalars.has(item)) return false;
      scalars.add(item);
      return true;
    }
    frame.charge(nested.length);
    if (nested.some((seen) => isEqual(frame, seen, item))) return false;
    nested.push(item);
    return true;
  });
}

/** Stable; `keyOf` gives what the items are ordered by. */
export function sortBy(
  frame: Frame,
  list: readonly Value[],
  keyOf: (item: Value) => Value,
): Value[] {
  frame.charge(list.length * Math.ceil(Math.log2(list.length + 2)));
  const keyed = list.map((item) => ({ item, key: keyOf(item) }));
  return keyed.sort((left, right) => compare(left.key, right.key)).map(({ item }) => item);
}

function numbers(frame: Frame, list: readonly Value[]): number[] {
  frame.charge(list.length);
  return list.map((item) => {
    if (typeof item === 'number') return item;
    throw new Fault(
      `a list of numbers was expected; it holds ${item === null ? 'null' : typeof item}`,
    );
  });
}

function extreme(frame: Frame, list: readonly Value[], sign: 1 | -1): Value {
  frame.charge(list.length);
  const [first, ...rest] = list;
  if (first === undefined) throw new Fault('an empty list has no least or greatest item');
  return rest.reduce((best, item) => (sign * compare(item, best) > 0 ? item : best), first);
}

function ends(list: readonly Value[], index: number): Value {
  const value = list.at(index);
  if (value === undefined) throw new Fault('the list is empty');
  return value;
}

function merge(frame: Frame, left: ValueMap, right: ValueMap): ValueMap {
  const result: { [key: string]: Value } = {};
  for (const [key, value] of [...Object.entries(left), ...Object.entries(right)]) {
    frame.charge(1);
    setOwn(result, key, value);
  }
  return result;
}

function fromEntries(frame: Frame, list: readonly Value[]): ValueMap {
  const result: { [key: string]: Value } = {};
  for (const entry of list) {
    frame.charge(1);
    const [key, value] = isList(entry) ? entry : [];
    if (typeof key !== 'string') throw new Fault('toMap takes a list of [text, value] pairs');
    setOwn(result, key, value ?? null);
  }
  return result;
}

const LISTS: readonly FunctionDef[] = [
  define({ name: 'size', params: ['list'], result: 'number' }, (_, [list]) => list.length),
  define({ name: 'range', params: ['number'], result: 'list' }, (frame, [to]) =>
    range(frame, 0, to),
  ),
  define({ name: 'range', params: ['number', 'number'], result: 'list' }, (frame, args) =>
    range(frame, ...args),
  ),
  define({ name: 'flatten', params: ['list'], result: 'list' }, (frame, [list]) =>
    flatten(frame, list, 1),
  ),
  define({ name: 'flatten', params: ['list', 'number'], result: 'list' }, (frame, [list, depth]) =>
    flatten(frame, list, Math.min(depth, MAX_VALUE_DEPTH)),
  ),
  define({ name: 'distinct', params: ['list'], result: 'list' }, (frame, args) =>
    distinct(frame, ...args),
  ),
  define({ name: 'sort', params: ['list'], result: 'list' }, (frame, [list]) =>
    sortBy(frame, list, (item) => item),
  ),
  define({ name: 'reverse', params: ['list'], result: 'list' }, (frame, [list]) => {
    frame.charge(list.length);
    return list.toReversed();
  }),
  define(
    { name: 'slice', params: ['list', 'number', 'number'], result: 'list' },
    (frame, [list, start, end]) => {
      frame.charge(list.length);
      return list.slice(start, end);
    },
  ),
  define({ name: 'first', params: ['list'], result: 'any' }, (_, [list]) => ends(list, 0)),
  define({ name: 'last', params: ['list'], result: 'any' }, (_, [list]) => ends(list, -1)),
  define({ name: 'sum', params: ['list'], result: 'number' }, (frame, [list]) =>
    finite(numbers(frame, list).reduce((sum, item) => sum + item, 0)),
  ),
  define({ name: 'min', params: ['list'], result: 'any' }, (frame, [list]) =>
    extreme(frame, list, -1),
  ),
  define({ name: 'max', params: ['list'], result: 'any' }, (frame, [list]) =>
    extreme(frame, list, 1),
  ),
  define({ name: 'min', params: ['any', 'any'], result: 'any' }, (frame, [left, right]) =>
    extreme(frame, [left, right], -1),
  ),
  define({ name: 'max', params: ['any', 'any'], result: 'any' }, (frame, [left, right]) =>
    extreme(frame, [left, right], 1),
  ),
];

const MAPS: readonly FunctionDef[] = [
  define({ name: 'size', params: ['map'], result: 'number' }, (frame, [map]) => {
    const { length } = Object.keys(map);
    frame.charge(length);
    return length;
  }),
  define({ name: 'keys', params: ['map'], result: 'list' }, (frame, [map]) => {
    const keys = Object.keys(map);
    frame.charge(keys.length);
    return keys;
  }),
  define({ name: 'values', params: ['map'], result: 'list' }, (frame, [map]) => {
    const values = Object.values(map);
    frame.charge(values.length);
    return values;
  }),
  define({ name: 'entries', params: ['map'], result: 'list' }, (frame, [map]) => {
    const entries = Object.entries(map);
    frame.charge(entries.length);
    return entries;
  }),
  define({ name: 'merge', params: ['map', 'map'], result: 'map' }, (frame, args) =>
    merge(frame, ...args),
  ),
  define({ name: 'toMap', params: ['list'], result: 'map' }, (frame, args) =>
    fromEntries(frame, ...args),
  ),
];

export const LIST_FUNCTIONS: readonly FunctionDef[] = [...LISTS, ...MAPS];
