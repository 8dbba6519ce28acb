import type { ActivityEntry } from '../task/task.ts';
import { levelCode } from './activity-level.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';
import { isUuid } from './uuid.ts';

/**
 * Appends entries. Readers see ids in order: whoever has seen id N never later sees a new smaller
 * one, because the lock is taken before the first id is drawn and held until the commit. Entries
 * with a run id that cannot be one are left out.
 */
export async function saveActivity(sql: Sql, entries: readonly ActivityEntry[]): Promise<void> {
  const kept = entries.filter((entry) => isUuid(entry.runId));
  if (kept.length === 0) return;
  await sql`
    with turn as materialized (
      select pg_advisory_xact_lock(hashtextextended('behest activity', 0))
    )
    insert into activity (run_id, at, step, item, attempt, level, message, rest)
    select e.run_id, e.at, e.step, e.item, e.attempt, e.level, e.message, e.rest::json
    from turn
    cross join unnest(
      ${kept.map((entry) => entry.runId)}::uuid[], ${kept.map((entry) => entry.at)}::int8[],
      ${kept.map((entry) => entry.step)}::int4[], ${kept.map((entry) => entry.item)}::int4[],
      ${kept.map((entry) => entry.attempt)}::int4[],
      ${kept.map((entry) => levelCode(entry.level))}::int2[],
      ${kept.map((entry) => plainText(entry.message))}::text[], ${kept.map(restText)}::text[]
    ) as e (run_id, at, step, item, attempt, level, message, rest)`;
}

/** What few entries have; null for a plain line. */
function restText(entry: ActivityEntry): string | null {
  const { entityTag, entityRoute, entityId, entityType, progress, stats } = entry;
  const text = JSON.stringify({ entityTag, entityRoute, entityId, entityType, progress, stats });
  return text === '{}' ? null : text;
}
