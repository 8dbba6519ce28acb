import { compileNode } from './compile-node.ts';
import { ExpressionError } from './expression-error.ts';
import { Fault } from './fault.ts';
import type { Frame } from './frame.ts';
import type { Json } from './json.ts';
import { type Context, type Findings, spanOf } from './node.ts';
import { type ExpressionFlaw, parseExpression } from './parse-expression.ts';
import type { Names } from './scope.ts';
import { measure, toJson } from './to-json.ts';
import type { Type, Value } from './value.ts';

/** One expression, checked and ready to run. */
export interface Expression {
  readonly text: string;
  readonly type: Type;
  readonly steps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  /** Throws ExpressionError. */
  readonly evaluate: (frame: Frame) => Json;
}

export type CompiledExpression =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly flaws: readonly ExpressionFlaw[] };

/** Compiles the text between the braces; finds every mistake that can be known before it runs. */
export function compileExpression(text: string, names: Names): CompiledExpression {
  const parsed = parseExpression(text);
  if (!parsed.ok) return { ok: false, flaws: [parsed.flaw] };
  const findings: Findings = {
    flaws: [],
    steps: new Set(),
    secrets: new Set(),
    firstOther: null,
    firstSecret: null,
    isBuilt: false,
    isExotic: false,
  };
  const context: Context = { text, names, locals: [], findings, compile: compileNode };
  const node = compileNode(parsed.ast, context);
  if (node.type === 'bytes') findings.flaws.push(bytesFlaw(spanOf(parsed.ast)));
  checkSecretsAlone(findings);
  if (findings.flaws.length > 0) return { ok: false, flaws: outermost(findings.flaws) };
  const { steps, secrets, isBuilt, isExotic } = findings;
  const evaluate = evaluator({
    text: text.trim(),
    run: node.run,
    isBuilt,
    isExotic,
    isSecret: secrets.size > 0,
  });
  return { ok: true, expression: { text, type: node.type, steps, secrets, evaluate } };
}

/** A mistake inside the place of an earlier one only repeats it: `my-step` is not also `step`. */
function outermost(flaws: readonly ExpressionFlaw[]): ExpressionFlaw[] {
  return flaws.filter(
    ({ span }, index) => !flaws.slice(0, index).some((earlier) => isInside(span, earlier.span)),
  );
}

function isInside(inner: ExpressionFlaw['span'], outer: ExpressionFlaw['span']): boolean {
  return inner.offset >= outer.offset && inner.offset + inner.length <= outer.offset + outer.length;
}

function bytesFlaw(span: ExpressionFlaw['span']): ExpressionFlaw {
  return {
    code: 'wrong-type',
    span,
    message: 'The result is bytes, which JSON cannot carry.',
    hint: 'Write `base64(value)`.',
  };
}

function checkSecretsAlone(findings: Findings): void {
  const { firstSecret, firstOther } = findings;
  if (firstSecret === null || firstOther === null) return;
  findings.flaws.push({
    code: 'secret-mixed',
    span: firstOther,
    message:
      'An expression with secrets may only read secrets; build the value from several {{ }} parts.',
    hint: 'Write `Bearer {{ secrets.api_key }} for {{ input.user }}`.',
  });
}

interface Evaluation {
  readonly text: string;
  readonly run: (frame: Frame) => Value;
  readonly isBuilt: boolean;
  readonly isExotic: boolean;
  readonly isSecret: boolean;
}

function evaluator(evaluation: Evaluation): (frame: Frame) => Json {
  const { run, isBuilt, isExotic } = evaluation;
  return (frame) => {
    try {
      const value = run(frame);
      if (isExotic) return toJson(frame, value);
      if (isBuilt) measure(frame, value);
      // Only moments, durations and bytes are no JSON, and this expression cannot make them.
      return value as Json;
    } catch (error) {
      throw expressionError(error, evaluation);
    }
  };
}

function expressionError(error: unknown, { text, isSecret }: Evaluation): unknown {
  if (error instanceof Fault) {
    // What went wrong with a secret may tell of its value; only that it is missing may be said.
    const isNamed = !isSecret || error.kind === 'secret';
    return new ExpressionError(isNamed ? error.message : 'it failed on a secret’s value', text);
  }
  // A value nested thousands deep, or text longer than the engine can hold.
  if (error instanceof RangeError) return new ExpressionError('the values are too large', text);
  return error;
}
