import { Fault } from './fault.ts';
import type { Frame } from './frame.ts';
import { Duration, isList, isMap, Timestamp, typeOf, type Value, type ValueMap } from './value.ts';

/** Deep equality; values of different types differ. Costs what it looks at. */
export function isEqual(frame: Frame, left: Value, right: Value): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (isList(left)) return isList(right) && frame.nested(() => areListsEqual(frame, left, right));
  if (isMap(left)) return isMap(right) && frame.nested(() => areMapsEqual(frame, left, right));
  if (left instanceof Uint8Array) {
    return right instanceof Uint8Array && areListsEqual(frame, [...left], [...right]);
  }
  if (typeOf(left) !== typeOf(right)) return false;
  return momentMs(left) === momentMs(right);
}

function areListsEqual(frame: Frame, left: readonly Value[], right: readonly Value[]): boolean {
  if (left.length !== right.length) return false;
  frame.charge(left.length);
  return left.every((value, index) => isEqual(frame, value, right[index] ?? null));
}

function areMapsEqual(frame: Frame, left: ValueMap, right: ValueMap): boolean {
  const keys = Object.keys(left);
  frame.charge(keys.length);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) => Object.hasOwn(right, key) && isEqual(frame, left[key] ?? null, right[key] ?? null),
  );
}

/** Negative, zero or positive as `left` is before, at or after `right`; they must be of one type. */
export function compare(left: Value, right: Value): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return order(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (typeOf(left) === typeOf(right) && isMoment(left)) return momentMs(left) - momentMs(right);
  throw new Fault(`${typeOf(left)} and ${typeOf(right)} have no order`);
}

function order(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function isMoment(value: Value): value is Timestamp | Duration {
  return value instanceof Timestamp || value instanceof Duration;
}

function momentMs(value: Value): number {
  return isMoment(value) ? value.ms : Number.NaN;
}
