import type { Deferred } from './deferred.ts';
import { ExpressionError } from './expression-error.ts';
import { compileExpression, type Expression } from './expression.ts';
import { Frame } from './frame.ts';
import type { Json } from './json.ts';
import type { Names, Scope } from './scope.ts';
import { toText } from './to-json.ts';
import { setOwn } from './value.ts';

const NO_STEPS: ReadonlySet<string> = new Set();
const SECRETS_ONLY: Names = { steps: NO_STEPS, allSteps: NO_STEPS, item: false, secrets: true };

/** The names of the secrets that these values need, each once. */
export function secretsRead(deferred: readonly Deferred[]): string[] {
  const names = new Set<string>();
  for (const { parts } of deferred) {
    for (const part of parts) {
      if ('secret' in part) for (const name of expressionOf(part.secret).secrets) names.add(name);
    }
  }
  return [...names];
}

/**
 * Completes a config with its secrets, in the runner. Throws an ExpressionError that names a missing
 * secret; no message holds a secret's value.
 */
export function completeDeferred(
  config: Json,
  deferred: readonly Deferred[],
  secrets: (name: string) => string | undefined,
): Json {
  return deferred.reduce(
    (completed, { path, parts }) => replaceAt(completed, path, valueOf(parts, secrets)),
    config,
  );
}

function valueOf(parts: Deferred['parts'], secrets: (name: string) => string | undefined): Json {
  const values = parts.map((part) =>
    'text' in part ? part.text : evaluate(expressionOf(part.secret), secrets),
  );
  const [only] = values;
  if (values.length === 1 && only !== undefined) return only;
  const frame = new Frame(scopeOf({}));
  return values.map((value) => toText(frame, value)).join('');
}

function evaluate(expression: Expression, secrets: (name: string) => string | undefined): Json {
  const known: { [name: string]: string } = {};
  for (const name of expression.secrets) {
    const value = secrets(name);
    if (value !== undefined) setOwn(known, name, value);
  }
  return expression.evaluate(new Frame(scopeOf(known)));
}

function scopeOf(secrets: { readonly [name: string]: string }): Scope {
  const step: Scope['step'] = () => ({ status: 'pending', output: null, error: null });
  return { input: null, run: {}, workflow: {}, step, secrets };
}

/** Written by compileConfig, so a failure means a message from another version or a forged one. */
function expressionOf(text: string): Expression {
  const compiled = compileExpression(text, SECRETS_ONLY);
  if (compiled.ok) return compiled.expression;
  const reasons = compiled.flaws.map(({ message }) => message).join(' ');
  throw new ExpressionError(`it is no expression over secrets: ${reasons}`, text);
}

/** A copy with one value replaced; only what is on the path is copied. */
function replaceAt(value: Json, path: Deferred['path'], replacement: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (Array.isArray(value) && typeof key === 'number') {
    return value.map((item: Json, index) =>
      index === key ? replaceAt(item, rest, replacement) : item,
    );
  }
  const copy: { [key: string]: Json } = {};
  for (const [name, item] of Object.entries(value ?? {})) {
    setOwn(
      copy,
      name,
      name === String(key) ? replaceAt(item as Json, rest, replacement) : (item as Json),
    );
  }
  return copy;
}
