import type { Sql } from './connect.ts';
import type { WorkflowPlan } from './plan-revision.ts';

/** Versions of a workflow that stay though no run was ever started with them. */
export const KEPT_VERSIONS = 1000;
/** Looking for the runs of old versions takes a scan: once for so many new versions. */
const DROP_EVERY = 100;

/**
 * Drops the oldest versions of these workflows, which may be written by a program every minute.
 * One that a run refers to stays, as the run can be shown and retried only with it.
 */
export async function dropVersions(sql: Sql, plans: readonly WorkflowPlan[]): Promise<void> {
  const due = plans.filter(
    ({ isNewVersion, versionNumber }) =>
      isNewVersion && versionNumber > KEPT_VERSIONS && versionNumber % DROP_EVERY === 0,
  );
  if (due.length === 0) return;
  await sql`
    delete from version
    using workflow w
    where w.id = version.workflow_id
      and w.id = any(${due.map(({ stored }) => stored.id)}::uuid[])
      and version.number <= w.version_number - ${KEPT_VERSIONS}::int4
      and not exists (
        select
        from run
        where run.namespace = w.namespace
          and run.workflow = w.name
          and run.version_id = version.id
      )`;
}
