import type { RunRequest } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';

/** Requests of one run that may wait for a controller: each may bring an input along. */
export const MAX_WAITING_REQUESTS = 100;

/** A run's inbox takes no more until a controller has read it. */
class InboxFull extends Error {
  override readonly name = 'InboxFull';

  constructor(runId: string) {
    super(
      `run ${runId} has ${MAX_WAITING_REQUESTS} requests that no controller has read yet, the ` +
        'limit; see that a controller runs, and ask again',
    );
  }
}

interface Inbox {
  readonly waiting: number;
  readonly is_known: boolean;
}

/**
 * Puts a request into its run's inbox; the same id twice is once. Throws when the run is unknown,
 * and InboxFull. Requests of one moment do not see each other, so a few more may come to wait.
 */
export async function addRequest(sql: Sql, request: RunRequest): Promise<void> {
  const [inbox] = await sql<Inbox[]>`
    with target as (
      select id from run where id = ${request.runId}::uuid
    ),
    inbox as (
      select
        count(*)::int4 as waiting,
        coalesce(bool_or(request.id = ${plainText(request.id)}::text), false) as is_known
      from request
      where run_id = ${request.runId}::uuid
    ),
    added as (
      insert into request (id, run_id, created_at, by, body)
      select
        ${plainText(request.id)}::text, target.id, ${request.createdAt}::int8,
        ${plainText(request.by)}::text, ${JSON.stringify(request.body)}::text::json
      from target
      cross join inbox
      where inbox.waiting < ${MAX_WAITING_REQUESTS}::int4
      on conflict (id) do nothing
    )
    select inbox.waiting, inbox.is_known
    from target
    cross join inbox`;
  if (inbox === undefined) throw new Error(`run ${request.runId} does not exist`);
  if (inbox.waiting >= MAX_WAITING_REQUESTS && !inbox.is_known) throw new InboxFull(request.runId);
}
