import { fromJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';

import type { CommandContext } from './command-context.ts';
import { readDocument } from './read-document.ts';
import { resolveRunId } from './resolve-run-id.ts';
import { afterStart, type WaitOptions } from './run.ts';

export interface RetryOptions extends WaitOptions {
  readonly fromStep?: string;
  readonly inputFile?: string;
}

/** `behest retry RUN`: from the failed step, or from another, on the checkpoints before it. */
export async function retry(
  context: CommandContext,
  word: string,
  { fromStep, inputFile, ...wait }: RetryOptions,
): Promise<void> {
  const runId = await resolveRunId(context, word);
  const input =
    inputFile === undefined
      ? {}
      : { input: fromJson(ValueSchema, await readDocument(context.terminal, inputFile)) };
  const answer = await context.clients.runs.retry({ runId, fromStep: fromStep ?? '', ...input });
  await afterStart(context, answer.jobId, { ...wait, did: 'retried' });
}
