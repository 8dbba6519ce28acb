import type { Json } from '../../expr/json.ts';
import { HardError, RetryableError } from '../errors.ts';
import { testContext, type TestContext, type TestContextOptions } from '../test-context.ts';
import { executeCode } from './execute.ts';

export interface CodeRun {
  readonly output: Json | undefined;
  readonly error: HardError | RetryableError | undefined;
  readonly context: TestContext;
}

/** For tests: runs a code step and tells how it ended. */
export async function runCode(
  config: { readonly [key: string]: Json },
  options: TestContextOptions = {},
): Promise<CodeRun> {
  const context = testContext(options);
  try {
    return { output: await executeCode(context, config), error: undefined, context };
  } catch (error) {
    const known = error instanceof HardError || error instanceof RetryableError;
    if (known) return { output: undefined, error, context };
    throw error;
  }
}
