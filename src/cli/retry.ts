import { readFile } from 'node:fs/promises';

import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import { parse } from 'yaml';

import type { CommandContext } from './command-context.ts';
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
      : { input: fromJson(ValueSchema, parse(await readFile(inputFile, 'utf8')) as JsonValue) };
  const answer = await context.clients.runs.retry({ runId, fromStep: fromStep ?? '', ...input });
  await afterStart(context, answer.jobId, wait);
}
