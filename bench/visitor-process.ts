// What people do beside the load, driven by `visitor.ts`: they start, watch, list, read and cancel.
import { watchByGrpc, watchBySse } from './watch-one.ts';

export interface VisitorCall {
  readonly url: string;
  readonly token: string;
}

const WATCHES = 20;
const LISTS = [
  'page_size=20',
  'status=failed&page_size=50',
  'workflow_id=soak-chain&page_size=100',
  'status=running',
  'order_by=created_at&page_size=10',
];

async function call<T>({ url, token }: VisitorCall, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

/** Watches a run; every third watcher leaves after the first event. */
async function watch(server: VisitorCall, runId: string, number: number): Promise<number> {
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const by = number % 2 === 0 ? watchByGrpc : watchBySse;
  const watching = by({ ...server, runId, onFirst: resolve });
  if (number % 3 > 0) return (await watching.ended).events;
  watching.ended.catch(() => undefined);
  await Promise.race([first, watching.ended]);
  watching.leave();
  return 1;
}

/** One visit: what some dozens of people do in ten seconds. */
async function visit(server: VisitorCall): Promise<{ calls: number; events: number }> {
  const kinds = ['chain', 'fan', 'retried', 'parent', 'timed'];
  const started = await Promise.all(
    Array.from({ length: WATCHES }, (_, n) =>
      call<{ job_id: string }>(server, '/workflows/execute', {
        workflow_id: `soak-${kinds[n % kinds.length]}`,
        input: {},
        labels: { visitor: String(n) },
      }),
    ),
  );
  const watches = started.map(({ job_id: id }, number) => watch(server, id, number));
  for (const query of LISTS) await call(server, `/api/v1/jobs?${query}`);
  await call(server, '/workflows/list');
  const stopped = await call<{ job_id: string }>(server, '/workflows/execute', {
    workflow_id: 'soak-stopped',
    input: {},
  });
  await call(server, `/api/v1/jobs/${stopped.job_id}/cancel`, { reason: 'visitor' });
  const events = await Promise.all(watches);
  for (const { job_id: id } of started) {
    await call(server, `/api/v1/jobs/${id}`);
    await call(server, `/api/v1/jobs/${id}/logs`);
    await call(server, `/workflows/execution/${id}`);
  }
  const calls = 5 * WATCHES + LISTS.length + 3;
  return { calls, events: events.reduce((sum, each) => sum + each, 0) };
}

process.on('message', (server: VisitorCall) => {
  visit(server).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.stack }),
  );
});
process.on('disconnect', () => process.exit());
