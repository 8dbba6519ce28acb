import type { RunEvent } from '../../gen/behest/v1/event_pb.ts';
import type { WatchRunRequest } from '../../gen/behest/v1/run_service_pb.ts';
import type { ApiContext } from '../api-context.ts';
import { toActivityEvent, toRunEvent, type EventContext } from '../convert/event.ts';
import { formatCursor, parseCursor } from '../watch/cursor.ts';
import { advance, type FeedItem } from '../watch/feed-item.ts';
import { findRun } from './find-run.ts';

/** Everything that happens to a run after the cursor, each event with the cursor to go on from. */
export async function* watchRun(
  api: ApiContext,
  request: WatchRunRequest,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const from = parseCursor(request.cursor);
  const run = await findRun(api.library, request.runId);
  const version = await api.versions.one(run.versionId);
  const context: EventContext = { runId: run.id, graph: version.graph };
  let position = from;
  for await (const item of api.hub.follow({ run, version, from, signal })) {
    position = advance(position, item);
    const event = toEvent(context, item, formatCursor(position));
    if (request.withoutLogs && event.event.case === 'log') continue;
    yield event;
  }
}

/** Made once for all who watch from the same place on. */
function toEvent(context: EventContext, item: FeedItem, cursor: string): RunEvent {
  const { event: known } = item.sent;
  if (known?.cursor === cursor) return known;
  const event =
    item.kind === 'story'
      ? toRunEvent(context, item.told)
      : toActivityEvent(context, item.recorded, item.progress);
  event.cursor = cursor;
  item.sent.event = event;
  return event;
}
