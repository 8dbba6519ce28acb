import { describe } from './access.ts';
import { compare, isEqual } from './equality.ts';
import { Fault } from './fault.ts';
import type { Frame } from './frame.ts';
import { Duration, isList, isMap, Timestamp, type Type, typeOf, type Value } from './value.ts';

export type BinaryOperator =
  '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%' | 'in';

type Run = (frame: Frame, left: Value, right: Value) => Value;

/** What each operator does. Numbers are JSON's one number type. */
export const OPERATORS: Readonly<Record<BinaryOperator, Run>> = {
  '==': isEqual,
  '!=': (frame, left, right) => !isEqual(frame, left, right),
  '<': (_, left, right) => compare(left, right) < 0,
  '<=': (_, left, right) => compare(left, right) <= 0,
  '>': (_, left, right) => compare(left, right) > 0,
  '>=': (_, left, right) => compare(left, right) >= 0,
  '+': add,
  '-': subtract,
  '*': (_, left, right) => arithmetic('*', left, right),
  '/': (_, left, right) => arithmetic('/', left, right),
  '%': (_, left, right) => arithmetic('%', left, right),
  in: isIn,
};

/** A number that JSON can carry. */
export function finite(value: number): number {
  if (Number.isFinite(value)) return value === 0 ? 0 : value;
  throw new Fault('the result is no number that JSON can carry');
}

function arithmetic(operator: '+' | '-' | '*' | '/' | '%', left: Value, right: Value): number {
  if (typeof left !== 'number' || typeof right !== 'number')
    throw noOperator(operator, left, right);
  switch (operator) {
    case '+':
      return finite(left + right);
    case '-':
      return finite(left - right);
    case '*':
      return finite(left * right);
    default:
      if (right === 0) throw new Fault('division by zero');
      return finite(operator === '/' ? left / right : left % right);
  }
}

function add(frame: Frame, left: Value, right: Value): Value {
  if (typeof left === 'number' && typeof right === 'number') return finite(left + right);
  if (typeof left === 'string' && typeof right === 'string') {
    frame.chargeText(left.length + right.length);
    return left + right;
  }
  if (isList(left) && isList(right)) {
    frame.charge(left.length + right.length);
    return [...left, ...right];
  }
  if (left instanceof Duration && right instanceof Timestamp)
    return timestampOf(left.ms + right.ms);
  if (right instanceof Duration && left instanceof Timestamp)
    return timestampOf(left.ms + right.ms);
  if (right instanceof Duration && left instanceof Duration)
    return new Duration(left.ms + right.ms);
  throw noOperator('+', left, right);
}

function subtract(_: Frame, left: Value, right: Value): Value {
  if (left instanceof Timestamp && right instanceof Timestamp)
    return new Duration(left.ms - right.ms);
  if (left instanceof Timestamp && right instanceof Duration)
    return timestampOf(left.ms - right.ms);
  if (left instanceof Duration && right instanceof Duration)
    return new Duration(left.ms - right.ms);
  return arithmetic('-', left, right);
}

const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;

/** A moment of the years 1 to 9999. */
export function timestampOf(ms: number): Timestamp {
  if (ms >= FIRST_MS && ms <= LAST_MS) return new Timestamp(Math.trunc(ms));
  throw new Fault('the moment lies outside the years 1 to 9999');
}

function isIn(frame: Frame, left: Value, right: Value): boolean {
  if (isList(right)) {
    frame.charge(right.length);
    return right.some((item) => isEqual(frame, left, item));
  }
  if (isMap(right)) return typeof left === 'string' && Object.hasOwn(right, left);
  throw new Fault(`"in" looks into a list or map; found ${describe(right)}`);
}

function noOperator(operator: string, left: Value, right: Value): Fault {
  const isText = operator === '+' && (typeof left === 'string' || typeof right === 'string');
  const remedy = isText ? '; make text of a value with string(value)' : '';
  return new Fault(`${typeOf(left)} ${operator} ${typeOf(right)} is not defined${remedy}`);
}

const ARITHMETIC_TYPES: Readonly<Partial<Record<string, Type>>> = { 'number number': 'number' };
const ADD_TYPES: Readonly<Partial<Record<string, Type>>> = {
  'number number': 'number',
  'string string': 'string',
  'list list': 'list',
  'timestamp duration': 'timestamp',
  'duration timestamp': 'timestamp',
  'duration duration': 'duration',
};
const SUBTRACT_TYPES: Readonly<Partial<Record<string, Type>>> = {
  'number number': 'number',
  'timestamp timestamp': 'duration',
  'timestamp duration': 'timestamp',
  'duration duration': 'duration',
};
const ORDERED: ReadonlySet<Type> = new Set(['number', 'string', 'bool', 'timestamp', 'duration']);

/** The result's type where both types are known; null when the operator is not defined on them. */
export function resultType(operator: BinaryOperator, left: Type, right: Type): Type | null {
  switch (operator) {
    case '==':
    case '!=':
      return isComparable(left, right) ? 'bool' : null;
    case '<':
    case '<=':
    case '>':
    case '>=':
      return isOrdered(left, right) ? 'bool' : null;
    case 'in':
      return right === 'any' || right === 'list' || right === 'map' ? 'bool' : null;
    case '+':
      return typeFrom(ADD_TYPES, left, right);
    case '-':
      return typeFrom(SUBTRACT_TYPES, left, right);
    default:
      return typeFrom(ARITHMETIC_TYPES, left, right);
  }
}

function isComparable(left: Type, right: Type): boolean {
  return left === right || [left, right].some((type) => type === 'any' || type === 'null');
}

function isOrdered(left: Type, right: Type): boolean {
  if (left === 'any') return right === 'any' || ORDERED.has(right);
  return ORDERED.has(left) && (right === 'any' || right === left);
}

/** With an unknown side: whether any pair fits, and its result where all fitting pairs agree. */
function typeFrom(
  table: Readonly<Partial<Record<string, Type>>>,
  left: Type,
  right: Type,
): Type | null {
  const results = new Set<Type>();
  for (const [pair, result] of Object.entries(table)) {
    const [first, second] = pair.split(' ');
    const fits = (left === 'any' || left === first) && (right === 'any' || right === second);
    if (fits && result !== undefined) results.add(result);
  }
  const [only] = results;
  if (only === undefined) return null;
  return results.size === 1 ? only : 'any';
}
