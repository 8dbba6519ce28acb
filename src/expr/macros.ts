import type { ASTNode } from '@marcbachmann/cel-js';
import { describe } from './access.ts';
import { Fault, isDataFault } from './fault.ts';
import type { Frame } from './frame.ts';
import { sortBy } from './functions/list-functions.ts';
import { type Context, flaw, type Node, spanOf } from './node.ts';
import { isList, isMap, type Type, type Value } from './value.ts';

/** A call whose arguments are not just values: `list.map(x, …)`, `default(a, b)`. */
export interface MacroCall {
  readonly ast: ASTNode;
  readonly name: string;
  readonly receiver: ASTNode | null;
  readonly args: readonly ASTNode[];
}

/** The names that are macros, for suggestions. */
export const MACROS: readonly string[] = [
  'has',
  'default',
  'orValue',
  'bind',
  'map',
  'filter',
  'all',
  'exists',
  'exists_one',
  'existsOne',
  'sortBy',
];

/** Compiles a macro; null when the call is none, and so a function. */
export function compileMacro(context: Context, call: MacroCall): Node | null {
  const { receiver, args } = call;
  const [first, second, third] = args;
  if (receiver === null) return compilePlain(context, call);
  switch (call.name) {
    case 'orValue':
      return first !== undefined && args.length === 1 ? orValue(context, receiver, first) : null;
    case 'default':
      return first !== undefined && args.length === 1 ? fallback(context, receiver, first) : null;
    case 'bind':
      if (receiver.op !== 'id' || receiver.args !== 'cel') return null;
      if (first === undefined || second === undefined || third === undefined) return null;
      return bind(context, { name: first, value: second, body: third });
    default:
      return compileLoop(context, call, receiver);
  }
}

function compilePlain(context: Context, call: MacroCall): Node | null {
  const [first, second] = call.args;
  if (call.name === 'has' && first !== undefined && call.args.length === 1)
    return has(context, first);
  if (call.name !== 'default' || first === undefined || second === undefined) return null;
  return call.args.length === 2 ? fallback(context, first, second) : null;
}

/** `has(a.b.c)`: whether the field exists; false also where `a.b` is missing or null. */
function has(context: Context, ast: ASTNode): Node {
  const { run, size } = context.compile(ast, context);
  if (ast.op !== '.' && ast.op !== '[]') {
    return flaw(context, {
      code: 'wrong-arguments',
      span: spanOf(ast),
      message: '`has` takes a field, as in `has(input.user.name)`.',
    });
  }
  return { type: 'bool', size: size + 1, run: (frame) => attempt(frame, run) !== undefined };
}

/** Undefined where the data does not have what the part reads. */
function attempt(frame: Frame, run: (frame: Frame) => Value): Value | undefined {
  try {
    return run(frame);
  } catch (error) {
    if (isDataFault(error)) return undefined;
    throw error;
  }
}

/** `default(a, b)`: a, or b where a is null, missing or fails on the data. */
function fallback(context: Context, value: ASTNode, otherwise: ASTNode): Node {
  const main = context.compile(value, context);
  const spare = context.compile(otherwise, context);
  return {
    type: main.type === spare.type ? main.type : 'any',
    size: main.size + spare.size + 1,
    run: (frame) => attempt(frame, main.run) ?? spare.run(frame),
  };
}

/** `a.?b.orValue(c)`: c where the optional field is missing (or null). */
function orValue(context: Context, value: ASTNode, otherwise: ASTNode): Node {
  const main = context.compile(value, context);
  const spare = context.compile(otherwise, context);
  return {
    type: 'any',
    size: main.size + spare.size + 1,
    run: (frame) => main.run(frame) ?? spare.run(frame),
  };
}

function variable(
  context: Context,
  ast: ASTNode,
  type: Type,
): { slot: number; inner: Context } | null {
  if (ast.op !== 'id') {
    flaw(context, {
      code: 'wrong-arguments',
      span: spanOf(ast),
      message: 'Expected the name of a variable, as in `list.map(x, x.id)`.',
    });
    return null;
  }
  const slot = context.locals.length;
  const inner = { ...context, locals: [...context.locals, { name: ast.args, slot, type }] };
  return { slot, inner };
}

function bind(
  context: Context,
  parts: { readonly name: ASTNode; readonly value: ASTNode; readonly body: ASTNode },
): Node {
  const value = context.compile(parts.value, context);
  const place = variable(context, parts.name, value.type);
  if (place === null) return value;
  const { slot } = place;
  const body = context.compile(parts.body, place.inner);
  const run = (frame: Frame): Value => {
    frame.locals[slot] = value.run(frame);
    return body.run(frame);
  };
  return { type: body.type, size: value.size + body.size + 1, run };
}

function compileLoop(context: Context, call: MacroCall, receiver: ASTNode): Node | null {
  const [name, ...bodies] = call.args;
  const isKnown = LOOPS[call.name] !== undefined && name !== undefined;
  const isFiltered = call.name === 'map' && bodies.length === 2;
  if (!isKnown || (bodies.length !== 1 && !isFiltered)) return null;
  context.findings.isBuilt = true;
  const list = context.compile(receiver, context);
  if (list.type !== 'any' && list.type !== 'list' && list.type !== 'map') {
    return flaw(context, {
      code: 'wrong-type',
      span: spanOf(receiver),
      message: `\`${call.name}\` goes over a list; this is a ${list.type}.`,
    });
  }
  const place = variable(context, name, 'any');
  if (place === null) return list;
  const compiled = bodies.map((body) => context.compile(body, place.inner));
  checkPredicates(context, call, compiled);
  return loopNode(call.name, { list, bodies: compiled, slot: place.slot });
}

/** The body of all but `map` and `sortBy` decides; so does the first of `map` with a filter. */
function checkPredicates(context: Context, call: MacroCall, bodies: readonly Node[]): void {
  const [, firstAst] = call.args;
  const [first] = bodies;
  const isDecision = LOOPS[call.name]?.isDecision === true || bodies.length === 2;
  if (!isDecision || first === undefined || firstAst === undefined) return;
  if (first.type === 'any' || first.type === 'bool') return;
  flaw(context, {
    code: 'wrong-type',
    span: spanOf(firstAst),
    message: `The condition of \`${call.name}\` must be true or false; this is a ${first.type}.`,
  });
}

interface LoopParts {
  readonly list: Node;
  readonly bodies: readonly Node[];
  readonly slot: number;
}

function loopNode(name: string, parts: LoopParts): Node {
  const { list, bodies, slot } = parts;
  const bodySize = bodies.reduce((sum, body) => sum + body.size, 1);
  const definition = LOOPS[name] ?? { type: 'any', isDecision: false, run: () => null };
  const [first, second] = bodies;
  const run = (frame: Frame): Value => {
    const items = itemsOf(list.run(frame));
    const call = (body: Node | undefined, item: Value): Value => {
      frame.charge(bodySize);
      frame.locals[slot] = item;
      return body?.run(frame) ?? null;
    };
    return definition.run(frame, {
      items,
      test: (item) => decided(call(first, item)),
      make: (item) => call(second ?? first, item),
      isFiltered: second !== undefined,
    });
  };
  return { type: definition.type, size: list.size + 1, run };
}

/** A list's items; a map's keys. */
function itemsOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  if (isMap(value)) return Object.keys(value);
  throw new Fault(`a list or map was expected; found ${describe(value)}`);
}

function decided(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw new Fault(`the condition must be true or false; found ${describe(value)}`);
}

interface LoopRun {
  readonly items: readonly Value[];
  readonly test: (item: Value) => boolean;
  readonly make: (item: Value) => Value;
  readonly isFiltered: boolean;
}

interface LoopDefinition {
  readonly type: Type;
  readonly isDecision: boolean;
  readonly run: (frame: Frame, loop: LoopRun) => Value;
}

function runMap(loop: LoopRun): Value[] {
  const result: Value[] = [];
  for (const item of loop.items) {
    if (!loop.isFiltered || loop.test(item)) result.push(loop.make(item));
  }
  return result;
}

/** CEL: one decisive item answers, whatever fails on the others; else the first failure counts. */
function quantify(loop: LoopRun, decisive: boolean): boolean {
  let failure: Fault | undefined;
  for (const item of loop.items) {
    try {
      if (loop.test(item) === decisive) return decisive;
    } catch (error) {
      if (!isDataFault(error)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !decisive;
}

function isExactlyOne(loop: LoopRun): boolean {
  return loop.items.filter((item) => loop.test(item)).length === 1;
}

const LOOPS: Readonly<Partial<Record<string, LoopDefinition>>> = Object.assign(
  // A null prototype: `constructor` is no macro.
  Object.create(null) as Record<string, LoopDefinition>,
  {
    map: { type: 'list', isDecision: false, run: (_, loop) => runMap(loop) },
    filter: {
      type: 'list',
      isDecision: true,
      run: (_, loop) => loop.items.filter((item) => loop.test(item)),
    },
    all: { type: 'bool', isDecision: true, run: (_, loop) => quantify(loop, false) },
    exists: { type: 'bool', isDecision: true, run: (_, loop) => quantify(loop, true) },
    exists_one: { type: 'bool', isDecision: true, run: (_, loop) => isExactlyOne(loop) },
    existsOne: { type: 'bool', isDecision: true, run: (_, loop) => isExactlyOne(loop) },
    sortBy: {
      type: 'list',
      isDecision: false,
      run: (frame, loop) => sortBy(frame, loop.items, loop.make),
    },
  } satisfies Record<string, LoopDefinition>,
);
