import type { Pool } from '../src/store/connect.ts';

const CHUNK = 100_000;

/**
 * Inserts finished runs, one a second, with three facts each: every thousandth failed, every
 * hundredth labelled. Then has Postgres do what autovacuum would have done by then.
 */
export async function fillHistory(sql: Pool, versionId: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK - 1);
    await sql`
      with born as (
        insert into run (
          id, seq, status, created_at, started_at, finished_at, version_number, version_id,
          namespace, workflow, created_by, cause_kind, cause_name, labels, input, output
        )
        select
          ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
          3, case when n % 1000 = 0 then 11 else 10 end, 1700000000000 + n * 1000::int8,
          1700000000000, 1700000001000, 1, ${versionId}::uuid, 'default',
          'old-' || n % 100, '', 'test', '',
          case when n % 100 = 0 then '{"team": "rare"}' else '{}' end::jsonb, '{}', '{"n": 10}'
        from generate_series(${from}::int4, ${to}::int4) n
        returning id
      )
      insert into fact (
        run_id, seq, kind, at, step, item, attempt, status, runner, started_at, finished_at, output
      )
      select
        born.id, s, 2, 1700000000000, s, -1, 1, 1, 'runner-1', 1700000000000, 1700000001000,
        '{"n": 1}'
      from born
      cross join generate_series(1, 3) s`;
  }
  await sql.script('vacuum analyze run');
  await sql.script('vacuum analyze fact');
  await sql.script('checkpoint');
}
