import { CommandFailure } from '../cli/exit-code.ts';
import type { ProcessParts } from './process-parts.ts';

/** What the engine throws when code is wrong: these keep their stack. */
const defects = [TypeError, ReferenceError, RangeError, SyntaxError];

/** Names of errors that settings cause. */
const wrongSettings = new Set(['AuthenticationMissing', 'SettingsError']);

/**
 * Why a server could not start, as one line for its operator. Defects of ours stay as they are, and
 * with LOG_LEVEL=debug everything keeps its stack.
 */
export function startFailure(error: unknown, { settings }: ProcessParts): unknown {
  if (error instanceof CommandFailure || !(error instanceof Error)) return error;
  if (settings.logLevel === 'debug') return error;
  if (defects.some((defect) => error instanceof defect)) return error;
  const exit = wrongSettings.has(error.name) ? 'usage' : 'failed';
  return new CommandFailure(exit, `cannot start: ${error.message}`);
}
