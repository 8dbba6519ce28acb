import { Fault } from './fault.ts';
import { isList, isMap, typeOf, type Value, type ValueMap } from './value.ts';

/** `target.key` and `target["key"]`: an own key of a map. */
export function readKey(target: Value, key: string): Value {
  if (isPlain(target)) {
    const value = Object.hasOwn(target, key) ? target[key] : undefined;
    if (value !== undefined) return value;
    throw missingKey(target, key);
  }
  throw new Fault(`${describe(target)} has no field "${key}"`);
}

/** The usual case, without telling all types apart. */
function isPlain(target: Value): target is ValueMap {
  if (typeof target !== 'object' || target === null) return false;
  return target.constructor === Object || isMap(target);
}

/** `target[index]` of a list or map. */
export function readIndex(target: Value, index: Value): Value {
  if (isList(target)) return readItem(target, index);
  if (typeof index === 'string') return readKey(target, index);
  throw new Fault(`${describe(target)} cannot be indexed with ${describe(index)}`);
}

function readItem(list: readonly Value[], index: Value): Value {
  if (typeof index !== 'number' || !Number.isInteger(index)) {
    throw new Fault(`a list is indexed with whole numbers; found ${describe(index)}`);
  }
  const value = list[index];
  if (value === undefined) {
    throw new Fault(`index ${index} is outside the list, which has ${list.length} items`);
  }
  return value;
}

/** Like readKey and readIndex, but null where there is nothing. */
export function readOptional(target: Value, index: Value): Value {
  if (isList(target)) return typeof index === 'number' ? (target[index] ?? null) : null;
  if (isMap(target) && typeof index === 'string') {
    return Object.hasOwn(target, index) ? (target[index] ?? null) : null;
  }
  return null;
}

function missingKey(target: ValueMap, key: string): Fault {
  const keys = Object.keys(target)
    .slice(0, 8)
    .map((name) => name.slice(0, 40));
  const found = keys.length === 0 ? 'the object is empty' : `it has ${keys.join(', ')}`;
  return new Fault(`there is no field "${key}"; ${found}`);
}

/** A value's type for a message, as people say it. Never the value: it may be long or secret. */
export function describe(value: Value): string {
  const type = typeOf(value);
  return type === 'null' ? 'null' : `a ${type}`;
}
