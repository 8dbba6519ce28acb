import type { ASTNode } from '@marcbachmann/cel-js';
import type { Span } from './compiled.ts';
import type { Frame } from './frame.ts';
import type { ExpressionFlaw } from './parse-expression.ts';
import type { Names } from './scope.ts';
import type { Type, Value } from './value.ts';

/** A part of an expression, compiled to a closure. */
export interface Node {
  readonly type: Type;
  /** Syntax nodes in it, itself included: what one run of it costs. */
  readonly size: number;
  readonly run: (frame: Frame) => Value;
}

/** A variable that a macro brings in. */
export interface Local {
  readonly name: string;
  readonly slot: number;
  readonly type: Type;
}

/** What compiling one expression finds out besides the closure. */
export interface Findings {
  readonly flaws: ExpressionFlaw[];
  readonly steps: Set<string>;
  readonly secrets: Set<string>;
  /** The first place that reads anything but a secret. */
  firstOther: Span | null;
  firstSecret: Span | null;
  /** It puts values together, so its result may be larger than what it read. */
  isBuilt: boolean;
  /** Moments, durations or bytes may be in the result. */
  isExotic: boolean;
}

/** Where an expression is being compiled. */
export interface Context {
  readonly text: string;
  readonly names: Names;
  readonly locals: readonly Local[];
  readonly findings: Findings;
  /** Compiles a part; with more locals inside macros. */
  readonly compile: (ast: ASTNode, context: Context) => Node;
}

export function spanOf(ast: ASTNode): Span {
  return { offset: ast.start, length: ast.end - ast.start };
}

/** Records a mistake and goes on with a part of unknown type, so that all mistakes are found. */
export function flaw(context: Context, found: ExpressionFlaw): Node {
  context.findings.flaws.push(found);
  return { type: 'any', size: 1, run: () => null };
}

export function withHint<T extends object>(target: T, hint: string | undefined): T {
  return hint === undefined ? target : { ...target, hint };
}
