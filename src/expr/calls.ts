import type { ASTNode } from '@marcbachmann/cel-js';
import { Fault } from './fault.ts';
import {
  acceptsTypes,
  acceptsValues,
  type FunctionDef,
  signature,
} from './functions/function-def.ts';
import { FUNCTIONS } from './functions/function-table.ts';
import { patternFlaw } from './functions/pattern.ts';
import { compileMacro, type MacroCall, MACROS } from './macros.ts';
import { type Context, flaw, type Node, spanOf, withHint } from './node.ts';
import { didYouMean } from './suggest.ts';
import { type Type, typeOf, type Value } from './value.ts';

const EXOTIC: ReadonlySet<Type> = new Set(['timestamp', 'duration', 'bytes']);

/** `f(a, b)` and `a.f(b)`, which are the same function. */
export function compileCall(context: Context, call: MacroCall): Node {
  const macro = compileMacro(context, call);
  if (macro !== null) return macro;
  const overloads = FUNCTIONS.get(call.name);
  if (overloads === undefined) return unknownFunction(context, call);
  const args = call.receiver === null ? call.args : [call.receiver, ...call.args];
  const nodes = args.map((arg) => context.compile(arg, context));
  const candidates = overloads.filter(({ params }) => params.length === args.length);
  if (candidates.length === 0) return wrongCount(context, call, overloads);
  const fitting = candidates.filter((definition) =>
    acceptsTypes(
      definition,
      nodes.map(({ type }) => type),
    ),
  );
  if (fitting.length === 0) return wrongTypes(context, call, { nodes, candidates });
  const wrong = call.name === 'matches' ? wrongPattern(context, args[1]) : null;
  if (wrong !== null) return wrong;
  if (fitting.some(({ result }) => EXOTIC.has(result))) context.findings.isExotic = true;
  return callNode(call.name, nodes, fitting);
}

/** Of a pattern that is spelled out: one from the data is looked at when it is used. */
function wrongPattern(context: Context, pattern: ASTNode | undefined): Node | null {
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return null;
  const reason = patternFlaw(pattern.args);
  if (reason === null) return null;
  return flaw(context, {
    code: 'wrong-arguments',
    span: spanOf(pattern),
    message: `\`matches\` cannot be used like this: ${reason}.`,
    hint: 'Write a regular expression as RE2 takes it, or match in a `code` step.',
  });
}

function callNode(name: string, nodes: readonly Node[], overloads: readonly FunctionDef[]): Node {
  const [first] = overloads;
  const type = overloads.every(({ result }) => result === first?.result) ? first?.result : 'any';
  return {
    type: type ?? 'any',
    size: nodes.reduce((sum, node) => sum + node.size, 1),
    run: (frame) => {
      const values = nodes.map((node) => node.run(frame));
      const definition = overloads.find((candidate) => acceptsValues(candidate, values));
      if (definition === undefined) throw noOverload(name, values, overloads);
      return definition.run(frame, values);
    },
  };
}

function noOverload(
  name: string,
  values: readonly Value[],
  overloads: readonly FunctionDef[],
): Fault {
  const found = `${name}(${values.map(typeOf).join(', ')})`;
  return new Fault(`${found} is not defined; expected ${overloads.map(signature).join(' or ')}`);
}

function nameSpan(
  ast: ASTNode,
  name: string,
  receiver: ASTNode | null,
): { offset: number; length: number } {
  if (receiver === null) return { offset: ast.start, length: name.length };
  const offset = ast.input.indexOf(name, receiver.end);
  return { offset, length: name.length };
}

function unknownFunction(context: Context, call: MacroCall): Node {
  // The arguments are compiled too, so that their mistakes are found in the same pass.
  for (const arg of call.args) if (arg.op !== 'id') context.compile(arg, context);
  const span = nameSpan(call.ast, call.name, call.receiver);
  const isMacro = MACROS.includes(call.name);
  if (isMacro) {
    const message = `\`${call.name}\` is called with ${call.args.length} arguments, which it does not take.`;
    return flaw(context, { code: 'wrong-arguments', span, message, hint: macroHint(call.name) });
  }
  const message = `There is no function \`${call.name}\`.`;
  const hint = didYouMean(call.name, [...FUNCTIONS.keys(), ...MACROS]);
  return flaw(context, withHint({ code: 'unknown-function', span, message }, hint));
}

function macroHint(name: string): string {
  if (name === 'has') return 'Write `has(input.name)`.';
  if (name === 'default') return 'Write `default(input.name, "none")`.';
  if (name === 'orValue') return 'Write `input.?name.orValue("none")`.';
  if (name === 'bind') return 'Write `cel.bind(x, input.a + 1, x * x)`.';
  return `Write \`list.${name}(x, x.field)\`.`;
}

function wrongCount(context: Context, call: MacroCall, overloads: readonly FunctionDef[]): Node {
  const count = call.args.length + (call.receiver === null ? 0 : 1);
  return flaw(context, {
    code: 'wrong-arguments',
    span: spanOf(call.ast),
    message: `\`${call.name}\` is called with ${count} arguments; expected ${overloads.map(signature).join(' or ')}.`,
  });
}

function wrongTypes(
  context: Context,
  call: MacroCall,
  parts: { readonly nodes: readonly Node[]; readonly candidates: readonly FunctionDef[] },
): Node {
  const found = `${call.name}(${parts.nodes.map(({ type }) => type).join(', ')})`;
  return flaw(context, {
    code: 'wrong-arguments',
    span: spanOf(call.ast),
    message: `${found} is not defined; expected ${parts.candidates.map(signature).join(' or ')}.`,
  });
}
