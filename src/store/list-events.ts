import type { EventQuery } from '../api/ports.ts';
import type { JsonObject } from '../expr/json.ts';
import type { EventRecord } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';

interface EventRow {
  readonly id: number;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly type: EventRecord['type'];
  readonly reason: string;
  readonly message: string;
  readonly details: JsonObject;
  readonly count: number;
  readonly first_at: number;
  readonly last_at: number;
}

const newerThanAll = { lastAt: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER };

/**
 * Newest (by last time) first. Undefined filters match all; events of what is in no namespace, as
 * sources are, belong to every namespace.
 */
export async function listEvents(sql: Sql, query: EventQuery): Promise<EventRecord[]> {
  const { after = newerThanAll } = query;
  const rows = await sql<EventRow[]>`
    select id, namespace, kind, name, type, reason, message, details, count, first_at, last_at
    from event
    where
      (${orNull(query.namespace)}::text is null
        or namespace in (${orNull(query.namespace)}::text, ''))
      and (${orNull(query.kind)}::text is null or kind = ${orNull(query.kind)}::text)
      and (${orNull(query.name)}::text is null or name = ${orNull(query.name)}::text)
      and (last_at, id) < (${after.lastAt}::int8, ${after.id}::int8)
    order by last_at desc, id desc
    limit ${query.limit}::int4`;
  return rows.map((row) => ({
    id: String(row.id),
    namespace: row.namespace,
    kind: row.kind,
    name: row.name,
    type: row.type,
    reason: row.reason,
    message: row.message,
    details: row.details,
    count: row.count,
    firstAt: row.first_at,
    lastAt: row.last_at,
  }));
}

function orNull(text: string | undefined): string | null {
  return text === undefined ? null : plainText(text);
}
