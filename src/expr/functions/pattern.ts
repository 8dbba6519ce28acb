import { RE2JS } from '@bufbuild/re2';
import { Fault } from '../fault.ts';
import type { Frame } from '../frame.ts';
import { MAX_PATTERN_LENGTH } from '../limits.ts';

/** Compiling costs some 20 µs, so the last few patterns are kept. */
const CAPACITY = 100;
const compiled = new Map<string, RE2JS>();

/**
 * Whether the pattern occurs in the text. RE2 takes time linear in the text: JavaScript's own
 * expressions can be made to run for ever.
 */
export function isMatch(frame: Frame, text: string, pattern: string): boolean {
  frame.charge(text.length + pattern.length);
  return patternOf(pattern).test(text);
}

/** Why a pattern that an expression spells out can never be used; null when it can. */
export function patternFlaw(pattern: string): string | null {
  try {
    patternOf(pattern);
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

function patternOf(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new Fault(
      `the pattern has ${pattern.length} characters; at most ${MAX_PATTERN_LENGTH} are allowed`,
    );
  }
  const fresh = compile(pattern);
  if (compiled.size >= CAPACITY) compiled.clear();
  compiled.set(pattern, fresh);
  return fresh;
}

function compile(pattern: string): RE2JS {
  try {
    return new RE2JS(pattern);
  } catch (error) {
    // The engine throws its own error types for a bad pattern, and nothing else.
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault(`the regular expression is not valid: ${reason}`);
  }
}
