import type { ASTNode } from '@marcbachmann/cel-js';
import { describe, readIndex, readKey, readOptional } from './access.ts';
import { compileCall } from './calls.ts';
import { Fault, isDataFault } from './fault.ts';
import type { Frame } from './frame.ts';
import { type Context, flaw, type Node, spanOf } from './node.ts';
import { type BinaryOperator, OPERATORS, resultType } from './operators.ts';
import { compileKnownField, compileName } from './roots.ts';
import { setOwn, type Type, type Value } from './value.ts';

/** Compiles one part of an expression, and notes all that is wrong with it in the findings. */
export function compileNode(ast: ASTNode, context: Context): Node {
  switch (ast.op) {
    case 'value':
      return compileLiteral(context, ast, ast.args);
    case 'id':
      return compileName(context, ast, ast.args);
    case '.':
    case '.?':
    case '[]':
    case '[?]':
      return compileKnownField(context, ast) ?? compileAccess(context, ast);
    case 'call':
      return compileCall(context, { ast, name: ast.args[0], receiver: null, args: ast.args[1] });
    case 'rcall':
      return compileCall(context, {
        ast,
        name: ast.args[0],
        receiver: ast.args[1],
        args: ast.args[2],
      });
    case 'list':
      return compileList(context, ast.args);
    case 'map':
      return compileMap(context, ast.args);
    case '?:':
      return compileChoice(context, ast.args);
    case '||':
    case '&&':
      return compileLogic(context, ast.op, ast.args);
    case '!_':
      return compileNot(context, ast.args);
    case '-_':
      return compileMinus(context, ast.args);
    default:
      return compileBinary(context, ast, { operator: ast.op, parts: ast.args });
  }
}

function literal(type: Type, value: Value): Node {
  return { type, size: 1, run: () => value };
}

function compileLiteral(context: Context, ast: ASTNode, value: unknown): Node {
  switch (typeof value) {
    case 'string':
      return literal('string', value);
    case 'boolean':
      return literal('bool', value);
    case 'number':
      return literal('number', value);
    default:
      break;
  }
  if (value === null) return literal('null', null);
  if (value instanceof Uint8Array) {
    context.findings.isExotic = true;
    return literal('bytes', value);
  }
  return compileWhole(context, ast, value);
}

/** The parser gives whole numbers as bigint, and `1u` as an object of its own. */
function compileWhole(context: Context, ast: ASTNode, value: unknown): Node {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return literal('number', number);
  return flaw(context, {
    code: 'number-too-large',
    span: spanOf(ast),
    message: `The number ${String(value)} is too large to be exact in JSON.`,
    hint: `Whole numbers are exact up to ${Number.MAX_SAFE_INTEGER}; write a longer one as text.`,
  });
}

/** Whether a part is inside an optional chain, so that it is null where something is missing. */
function isOptional(ast: ASTNode): boolean {
  if (ast.op === '.?' || ast.op === '[?]') return true;
  return (ast.op === '.' || ast.op === '[]') && isOptional(ast.args[0]);
}

type Access = Extract<ASTNode, { readonly op: '.' | '.?' | '[]' | '[?]' }>;

function compileAccess(context: Context, ast: Access): Node {
  const target = compileTarget(context, ast);
  if (typeof ast.args[1] === 'string') return keyNode(ast, target, ast.args[1]);
  const index = context.compile(ast.args[1], context);
  const read = isOptional(ast) ? readOptional : readIndex;
  return {
    type: 'any',
    size: target.size + index.size + 1,
    run: (frame) => read(target.run(frame), index.run(frame)),
  };
}

function keyNode(ast: Access, target: Node, key: string): Node {
  const read = isOptional(ast) ? readOptional : readKey;
  return { type: 'any', size: target.size + 1, run: (frame) => read(target.run(frame), key) };
}

const WITHOUT_FIELDS: ReadonlySet<Type> = new Set([
  'null',
  'bool',
  'number',
  'string',
  'bytes',
  'timestamp',
  'duration',
]);

function compileTarget(context: Context, ast: Access): Node {
  const [targetAst] = ast.args;
  const target = context.compile(targetAst, context);
  if (!WITHOUT_FIELDS.has(target.type)) return target;
  return flaw(context, {
    code: 'wrong-type',
    span: spanOf(ast),
    message: `A ${target.type} has no fields.`,
  });
}

function compileList(context: Context, items: readonly ASTNode[]): Node {
  context.findings.isBuilt = true;
  const nodes = items.map((item) => context.compile(item, context));
  const runs = nodes.map(({ run }) => run);
  return {
    type: 'list',
    size: sizeOf(nodes),
    run: (frame) => runs.map((run) => run(frame)),
  };
}

function sizeOf(nodes: readonly Node[]): number {
  return nodes.reduce((sum, node) => sum + node.size, 1);
}

function compileMap(context: Context, entries: readonly (readonly [ASTNode, ASTNode])[]): Node {
  context.findings.isBuilt = true;
  const nodes = entries.map(([keyAst, valueAst]) => ({
    key: compileKey(context, keyAst),
    value: context.compile(valueAst, context),
  }));
  const run = (frame: Frame): Value => {
    const result: { [key: string]: Value } = {};
    for (const { key, value } of nodes) setOwn(result, keyText(key.run(frame)), value.run(frame));
    return result;
  };
  return { type: 'map', size: sizeOf(nodes.flatMap(({ key, value }) => [key, value])), run };
}

function compileKey(context: Context, ast: ASTNode): Node {
  const key = context.compile(ast, context);
  if (key.type === 'any' || key.type === 'string') return key;
  return flaw(context, {
    code: 'wrong-type',
    span: spanOf(ast),
    message: `The keys of a map are text, as in JSON; this one is a ${key.type}.`,
  });
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  throw new Fault(`the keys of a map are text, as in JSON; found ${describe(key)}`);
}

/** A part that has to be true or false. */
function compileDecision(context: Context, ast: ASTNode, what: string): Node {
  const node = context.compile(ast, context);
  if (node.type === 'any' || node.type === 'bool') return node;
  return flaw(context, {
    code: 'wrong-type',
    span: spanOf(ast),
    message: `${what} must be true or false; this is a ${node.type}.`,
  });
}

function decided(value: Value, what: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new Fault(`${what} must be true or false; found ${describe(value)}`);
}

function compileChoice(context: Context, parts: readonly [ASTNode, ASTNode, ASTNode]): Node {
  const test = compileDecision(context, parts[0], 'The condition before `?`');
  const yes = context.compile(parts[1], context);
  const no = context.compile(parts[2], context);
  return {
    type: yes.type === no.type ? yes.type : 'any',
    size: sizeOf([test, yes, no]),
    run: (frame) =>
      decided(test.run(frame), 'the condition before `?`') ? yes.run(frame) : no.run(frame),
  };
}

/** CEL: either side may decide alone, even when the other fails on the data. */
function compileLogic(
  context: Context,
  operator: '||' | '&&',
  parts: readonly [ASTNode, ASTNode],
): Node {
  const what = `Each side of \`${operator}\``;
  const left = compileDecision(context, parts[0], what);
  const right = compileDecision(context, parts[1], what);
  const decisive = operator === '||';
  const run = (frame: Frame): Value => {
    const first = settled(frame, left, what);
    if (first === decisive) return first;
    const second = settled(frame, right, what);
    if (second === decisive) return second;
    if (first instanceof Fault) throw first;
    if (second instanceof Fault) throw second;
    return !decisive;
  };
  return { type: 'bool', size: sizeOf([left, right]), run };
}

function settled(frame: Frame, node: Node, what: string): boolean | Fault {
  try {
    return decided(node.run(frame), what.toLowerCase());
  } catch (error) {
    if (isDataFault(error)) return error;
    throw error;
  }
}

function compileNot(context: Context, ast: ASTNode): Node {
  const node = compileDecision(context, ast, 'What follows `!`');
  return {
    type: 'bool',
    size: node.size + 1,
    run: (frame) => !decided(node.run(frame), 'what follows `!`'),
  };
}

function compileMinus(context: Context, ast: ASTNode): Node {
  const node = context.compile(ast, context);
  if (node.type !== 'any' && node.type !== 'number') {
    const message = `Only a number can be negative; this is a ${node.type}.`;
    return flaw(context, { code: 'wrong-type', span: spanOf(ast), message });
  }
  return { type: 'number', size: node.size + 1, run: (frame) => negative(node.run(frame)) };
}

function negative(value: Value): number {
  if (typeof value === 'number') return value === 0 ? 0 : -value;
  throw new Fault(`only a number can be negative; found ${describe(value)}`);
}

function compileBinary(
  context: Context,
  ast: ASTNode,
  { operator, parts }: { operator: BinaryOperator; parts: readonly [ASTNode, ASTNode] },
): Node {
  const left = context.compile(parts[0], context);
  const right = context.compile(parts[1], context);
  const type = resultType(operator, left.type, right.type);
  if (type === null) return noOperator(context, ast, { operator, left, right });
  const apply = OPERATORS[operator];
  return {
    type,
    size: sizeOf([left, right]),
    run: (frame) => apply(frame, left.run(frame), right.run(frame)),
  };
}

function noOperator(
  context: Context,
  ast: ASTNode,
  { operator, left, right }: { operator: BinaryOperator; left: Node; right: Node },
): Node {
  const isText = operator === '+' && (left.type === 'string' || right.type === 'string');
  return flaw(context, {
    code: 'wrong-type',
    span: spanOf(ast),
    message: `${left.type} ${operator} ${right.type} is not defined.`,
    ...(isText ? { hint: 'Make text of a value with `string(value)`.' } : {}),
  });
}
