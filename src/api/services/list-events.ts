import { create } from '@bufbuild/protobuf';
import {
  ListEventsResponseSchema,
  type ListEventsRequest,
  type ListEventsResponse,
} from '../../gen/behest/v1/source_service_pb.ts';
import type { EventRecord } from '../../record/run.ts';
import { textBytes } from '../answer-size.ts';
import { toEvent } from '../convert/source.ts';
import { pageOf } from '../page.ts';
import { formatPageToken, parsePageToken } from '../page-token.ts';
import type { Library } from '../ports.ts';

const PER_PAGE = 100;

/** One page of events. One that has happened again since is told again: it is the newest now. */
export async function listEvents(
  library: Pick<Library, 'listEvents'>,
  { kind, name, namespace, pageSize, pageToken }: ListEventsRequest,
): Promise<ListEventsResponse> {
  const limit = pageSize === 0 ? PER_PAGE : pageSize;
  const token = parsePageToken(pageToken, ['number', 'number']);
  const events = await library.listEvents({
    ...(kind === '' ? {} : { kind }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    ...(token === null ? {} : { after: { lastAt: Number(token[0]), id: Number(token[1]) } }),
    limit: limit + 1,
  });
  const { items, last } = pageOf(events, limit, sizeOfEvent);
  return create(ListEventsResponseSchema, {
    events: items.map(toEvent),
    nextPageToken: last === undefined ? '' : formatPageToken([last.lastAt, Number(last.id)]),
  });
}

/** Id, kind, type, reason, count and times. */
const EVENT_BYTES = 300;

function sizeOfEvent({ namespace, name, message }: EventRecord): number {
  return EVENT_BYTES + textBytes(namespace) + textBytes(name) + textBytes(message);
}
