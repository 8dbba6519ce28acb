import { timestampDate } from '@bufbuild/protobuf/wkt';

import {
  type LogEntry,
  LogEntrySchema,
  LogLevel,
  LogLevelSchema,
} from '../gen/behest/v1/event_pb.ts';
import { apiJson, enumText } from './api-json.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { followRun } from './follow-run.ts';
import { listAll } from './list-all.ts';
import { resolveRunId } from './resolve-run-id.ts';
import { safeText } from './table.ts';
import { statusColor } from './terminal.ts';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly step?: string;
  readonly level?: string;
  readonly tail?: number;
  readonly timestamps?: boolean;
}

/** `behest logs RUN`: what its steps wrote, and with `-f` what they go on to write. */
export async function logs(
  context: CommandContext,
  word: string,
  options: LogsOptions,
): Promise<void> {
  const { clients } = context;
  const runId = await resolveRunId(context, word);
  const step = options.step ?? '';
  const level = levelNumber(options.level);
  const written = await listAll(async (pageToken) => {
    const page = await clients.runs.getLogs({ runId, step, level, pageToken });
    return { items: page.logs, next: page.nextPageToken };
  });
  const seen = new Set(written.map(({ cursor }) => cursor));
  const shown =
    options.tail === undefined ? written : written.slice(-options.tail || written.length);
  for (const entry of shown) printEntry(context, entry, options);
  if (options.follow !== true) return;
  await followRun(context, runId, {
    timeoutMs: null,
    onEvent: ({ event }) => {
      if (event.case !== 'log' || seen.has(event.value.cursor)) return;
      if (step !== '' && event.value.stepId !== step) return;
      if (event.value.level >= level) printEntry(context, event.value, options);
    },
  });
}

function printEntry(
  { terminal, paint, options }: CommandContext,
  entry: LogEntry,
  { timestamps }: LogsOptions,
): void {
  if (options.output === 'json') {
    return terminal.out(`${JSON.stringify(apiJson(LogEntrySchema, entry))}\n`);
  }
  const at =
    timestamps === true && entry.at !== undefined ? timestampDate(entry.at).toISOString() : '';
  const level = enumText(LogLevelSchema, entry.level);
  const item = entry.item === undefined ? '' : `[${entry.item}]`;
  const mark = level === 'error' || level === 'warn' ? paint(statusColor('failed'), level) : level;
  const parts = [at, mark, `${entry.stepId}${item}:`, safeText(entry.message)];
  terminal.out(`${parts.filter((part) => part !== '').join(' ')}\n`);
}

function levelNumber(word: string | undefined): LogLevel {
  if (word === undefined) return LogLevel.UNSPECIFIED;
  const found = LogLevelSchema.values.find(
    ({ number }) => enumText(LogLevelSchema, number) === word,
  );
  if (found !== undefined) return found.number as LogLevel;
  throw new CommandFailure('usage', `--level ${word}: expected debug, info, warn or error.`);
}
