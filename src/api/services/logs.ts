import { create } from '@bufbuild/protobuf';
import type { LogEntry, LogLevel } from '../../gen/behest/v1/event_pb.ts';
import {
  GetLogsResponseSchema,
  type FollowLogsRequest,
  type GetLogsRequest,
  type GetLogsResponse,
} from '../../gen/behest/v1/run_service_pb.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { ActivityLevel } from '../../task/task.ts';
import type { ApiContext } from '../api-context.ts';
import { fromLogLevel, toLogEntry } from '../convert/event.ts';
import { invalidField } from '../fault.ts';
import { findRun } from './find-run.ts';
import { stepIndex } from './run-requests.ts';

const PER_PAGE = 1000;

export async function getLogs(api: ApiContext, request: GetLogsRequest): Promise<GetLogsResponse> {
  const run = await findRun(api.library, request.runId);
  const version = await api.versions.one(run.versionId);
  const limit = request.pageSize === 0 ? PER_PAGE : request.pageSize;
  const entries = await api.library.activity({
    runId: run.id,
    afterId: parseId('page_token', request.pageToken),
    limit: limit + 1,
    ...parseFilter(version, request),
  });
  const page = entries.slice(0, limit);
  const context = { runId: run.id, graph: version.graph };
  return create(GetLogsResponseSchema, {
    logs: page.map((recorded) => toLogEntry(context, recorded)),
    nextPageToken: entries.length > limit ? String(page.at(-1)?.id ?? '') : '',
  });
}

export async function* followLogs(
  api: ApiContext,
  request: FollowLogsRequest,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const run = await findRun(api.library, request.runId);
  const version = await api.versions.one(run.versionId);
  const { step, minLevel } = parseFilter(version, request);
  const context = { runId: run.id, graph: version.graph };
  // The story lies behind this reader from the start: only activity is news.
  const from = {
    seq: Number.MAX_SAFE_INTEGER,
    told: 0,
    activity: parseId('cursor', request.cursor),
  };
  for await (const item of api.hub.follow({ run, version, from, signal })) {
    if (item.kind !== 'activity') continue;
    const { entry } = item.recorded;
    if (step !== null && entry.step !== step) continue;
    if (rank[entry.level] >= rank[minLevel]) yield toLogEntry(context, item.recorded);
  }
}

const rank: { readonly [level in ActivityLevel]: number } = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
};

interface LogFilter {
  readonly step: number | null;
  readonly minLevel: ActivityLevel;
}

function parseFilter(
  version: VersionRecord,
  request: { readonly step: string; readonly level: LogLevel },
): LogFilter {
  const minLevel = fromLogLevel(request.level);
  if (request.step === '') return { step: null, minLevel };
  const step = stepIndex(version, request.step);
  if (step !== null) return { step, minLevel };
  const known = version.graph.steps.map(({ id }) => id).join(', ');
  throw invalidField('step', `no step ${JSON.stringify(request.step)}; the steps are ${known}`);
}

function parseId(field: string, text: string): number {
  if (text === '') return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidField(field, `not a cursor of these logs: ${JSON.stringify(text)}`);
}
