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
import { MAX_DATA_BYTES, textBytes } from '../answer-size.ts';
import type { ApiContext } from '../api-context.ts';
import { fromLogLevel, toLogEntry } from '../convert/event.ts';
import { invalidField } from '../fault.ts';
import { pageOf } from '../page.ts';
import type { ActivityQuery, RecordedActivity } from '../ports.ts';
import { findRun } from './find-run.ts';
import { findStepIndex } from './find-step.ts';

const PER_PAGE = 1000;

/** Lines that one query reads: a line has 8,192 characters at most. */
const ROWS = 500;

export async function getLogs(api: ApiContext, request: GetLogsRequest): Promise<GetLogsResponse> {
  const run = await findRun(api.library, request.runId);
  const version = await api.versions.one(run.versionId);
  const limit = request.pageSize === 0 ? PER_PAGE : request.pageSize;
  const afterId = parseId('page_token', request.pageToken);
  const query = { runId: run.id, afterId, ...parseFilter(version, request) };
  const entries = await readPage(api, query, limit + 1);
  const { items, last } = pageOf(entries, limit, sizeOfEntry);
  const context = { runId: run.id, graph: version.graph };
  return create(GetLogsResponseSchema, {
    logs: items.map((recorded) => toLogEntry(context, recorded)),
    nextPageToken: last === undefined ? '' : String(last.id),
  });
}

/** At most `limit` entries; no more once they are more than a page holds. */
async function readPage(
  { library }: ApiContext,
  query: Omit<ActivityQuery, 'limit'>,
  limit: number,
): Promise<RecordedActivity[]> {
  const entries: RecordedActivity[] = [];
  let bytes = 0;
  while (entries.length < limit && bytes <= MAX_DATA_BYTES) {
    const afterId = entries.at(-1)?.id ?? query.afterId;
    const rows = Math.min(ROWS, limit - entries.length);
    const more = await library.activity({ ...query, afterId, limit: rows });
    entries.push(...more);
    bytes += more.reduce((sum, entry) => sum + sizeOfEntry(entry), 0);
    if (more.length < rows) break;
  }
  return entries;
}

/** Numbers and times of an entry. */
const ENTRY_BYTES = 100;

function sizeOfEntry({ entry }: RecordedActivity): number {
  const { message, entityTag = '', entityRoute = '', entityId = '', entityType = '' } = entry;
  const texts = [message, entityTag, entityRoute, entityId, entityType];
  const stats = Object.keys(entry.stats ?? {}).reduce((sum, key) => sum + textBytes(key) + 12, 0);
  return ENTRY_BYTES + stats + texts.reduce((sum, text) => sum + textBytes(text), 0);
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
  return { step: findStepIndex(version, { field: 'step', text: request.step }), minLevel };
}

function parseId(field: string, text: string): number {
  if (text === '') return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidField(field, `not a cursor of these logs: ${JSON.stringify(text)}`);
}
