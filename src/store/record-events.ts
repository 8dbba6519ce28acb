import { createHash } from 'node:crypto';

import type { NewEvent } from '../controller/ports.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';

interface CountedEvent extends NewEvent {
  readonly key: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Records events; one that repeats (object, reason and message alike) is counted up instead. */
export async function recordEvents(sql: Sql, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const e = counted(events);
  await sql`
    insert into event (
      key, namespace, kind, name, type, reason, message, details, count, first_at, last_at
    )
    select
      e.key, e.namespace, e.kind, e.name, e.type, e.reason, e.message, e.details::json, e.count,
      e.first_at, e.last_at
    from unnest(
      ${e.map((one) => one.key)}::text[], ${e.map((one) => plainText(one.namespace))}::text[],
      ${e.map((one) => one.kind)}::text[], ${e.map((one) => plainText(one.name))}::text[],
      ${e.map((one) => one.type)}::text[], ${e.map((one) => one.reason)}::text[],
      ${e.map((one) => plainText(one.message))}::text[],
      ${e.map((one) => JSON.stringify(one.details))}::text[], ${e.map((one) => one.count)}::int4[],
      ${e.map((one) => one.firstAt)}::int8[], ${e.map((one) => one.lastAt)}::int8[]
    ) as e (
      key, namespace, kind, name, type, reason, message, details, count, first_at, last_at
    )
    on conflict (key) do update
    set
      count = event.count + excluded.count,
      last_at = greatest(event.last_at, excluded.last_at),
      type = excluded.type,
      details = excluded.details`;
}

/** One row per key, as a statement may touch a row once; in key order, so that no two deadlock. */
function counted(events: readonly NewEvent[]): CountedEvent[] {
  const byKey = new Map<string, CountedEvent>();
  for (const event of events) {
    const key = eventKey(event);
    const before = byKey.get(key);
    byKey.set(key, {
      ...event,
      key,
      count: (before?.count ?? 0) + 1,
      firstAt: Math.min(before?.firstAt ?? event.at, event.at),
      lastAt: Math.max(before?.lastAt ?? event.at, event.at),
    });
  }
  return [...byKey.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function eventKey({ namespace, kind, name, reason, message }: NewEvent): string {
  const text = JSON.stringify([namespace, kind, name, reason, message]);
  return createHash('sha256').update(text).digest('base64url');
}
