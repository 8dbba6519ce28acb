import type { Pool } from '../src/store/connect.ts';

/**
 * Holds the ledger to its promises for these runs: completed, facts numbered without a gap, every
 * step's output recorded exactly once, in order, each made from the one before. Throws otherwise.
 */
export async function checkChains(sql: Pool, ids: readonly string[], steps: number): Promise<void> {
  const wrong = await sql<{ id: string; status: number; seq: number }[]>`
    select r.id, r.status::int4, r.seq
    from unnest(${ids}::uuid[]) as wanted (id)
    left join run r on r.id = wanted.id
    cross join lateral (
      select
        count(*) as facts,
        min(f.seq) as first,
        max(f.seq) as last,
        array_agg(f.step order by f.seq) filter (where f.kind = 2) as steps,
        array_agg((f.output ->> 'n')::int4 order by f.seq)
          filter (where f.kind = 2 and f.status = 1) as outputs
      from fact f
      where f.run_id = r.id
    ) f
    where (
      r.status = 10 and f.first = 1 and f.last = f.facts and r.seq = f.facts
      and f.steps = array(select generate_series(0, ${steps}::int4 - 1))
      and f.outputs = array(select generate_series(1, ${steps}::int4))
    ) is not true
    limit 3`;
  if (wrong.length > 0) throw new Error(`the ledger is not right: ${JSON.stringify(wrong)}`);
}

/** The same for a fan-out: one completed attempt for each item. */
export async function checkFan(sql: Pool, id: string, count: number): Promise<void> {
  const [row] = await sql<{ facts: number; last: number; items: number; right: number }[]>`
    select
      count(*)::int4 as facts, max(seq) as last,
      (count(distinct item) filter (where kind = 2))::int4 as items,
      (count(*) filter (where kind = 2 and status = 1 and (output ->> 'n')::int4 = item + 1))::int4
        as right
    from fact
    where run_id = ${id}::uuid`;
  const isRight = row?.facts === row?.last && row?.items === count && row?.right === count;
  if (!isRight) throw new Error(`the fan-out of ${count} is not right: ${JSON.stringify(row)}`);
}
