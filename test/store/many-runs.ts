import type { Pool } from '../../src/store/connect.ts';
import type { WorkflowRecord } from '../../src/record/workflow.ts';

/**
 * Inserts finished runs of a workflow, one a second, with three facts each; every thousandth
 * failed, every hundredth has the label team=rare.
 */
export async function insertManyRuns(
  sql: Pool,
  workflow: WorkflowRecord,
  count: number,
): Promise<void> {
  await sql`
    insert into run (
      id, seq, status, created_at, started_at, finished_at, version_number, version_id, namespace,
      workflow, created_by, cause_kind, cause_name, labels, input, output
    )
    select
      ('01900000-' || to_char(n / 65536, 'FM0000') || '-7' || lpad(to_hex(n % 4096), 3, '0')
        || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
      3, case when n % 1000 = 0 then 11 else 10 end, 1700000000000 + n * 1000::int8, 1, 2, 1,
      ${workflow.versionId}::uuid, ${workflow.namespace}::text, ${workflow.name}::text, '', 'test',
      '', case when n % 100 = 0 then '{"team": "rare"}' else '{}' end::jsonb, '{}', '{}'
    from generate_series(1, ${count}::int4) n`;
  await sql`
    insert into fact (
      run_id, seq, kind, at, step, item, attempt, status, runner, started_at, finished_at, output
    )
    select r.id, s, 2, 1, s, -1, 1, 1, 'runner-1', 1, 2, '{"ok": true}'
    from run r
    cross join generate_series(1, 3) s
    where r.namespace = ${workflow.namespace}::text`;
}
