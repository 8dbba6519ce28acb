import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHealthService } from '../../src/api/services/health-service.ts';
import { startApiServer, type ApiServer } from '../../src/api/server.ts';
import { createWatchHub, MAX_WATCHES } from '../../src/api/watch/watch-hub.ts';
import { beginning } from '../../src/api/watch/cursor.ts';
import {
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../src/gen/health/v1/health_pb.ts';
import { MAX_WAITING_REQUESTS } from '../../src/store/add-request.ts';
import { connect, type Pool } from '../../src/store/connect.ts';
import { KEPT_VERSIONS } from '../../src/store/drop-versions.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { apiOptions, callRest, TOKEN, type Answer } from '../api/api-rig.ts';
import { Rig } from '../controller/rig.ts';
import { freshDatabase } from '../services/postgres.ts';
import { newRun, registerWorkflow, workflowChange } from '../store/samples.ts';
import { until } from '../services/until.ts';

describe('a server that nobody cleans up behind', () => {
  let rig: Rig;
  let server: ApiServer;
  beforeAll(async () => {
    // Without a controller nothing is read out of an inbox.
    rig = await Rig.start({ controllers: 0, runners: 0 });
    server = await startApiServer(apiOptions(rig, { maxWatches: 3 }));
    await rig.register('nap', [{ id: 'nap', type: 'wait', config: { duration: '1h' } }]);
  });
  afterAll(async () => {
    await server?.close();
    await rig?.stop();
  });
  const cancel = (run: string): Promise<Answer> =>
    callRest(server.url, { method: 'POST', path: `/api/v1/jobs/${run}/cancel`, body: {} });

  test('100 requests of a run that nobody reads → kept; one more → 429, until they are read', async () => {
    const [full, other] = [await rig.startRun('nap'), await rig.startRun('nap')];
    for (let count = 1; count < MAX_WAITING_REQUESTS; count += 1) {
      await rig.request(full, { kind: 'cancel', reason: String(count) });
    }
    expect((await cancel(full)).status).toBe(200);
    const over = await cancel(full);
    expect([over.status, over.json.code]).toEqual([429, 'resource_exhausted']);
    expect(over.json.detail).toMatch(
      new RegExp(`^run ${full} has 100 requests that no controller has read yet.*ask again$`),
    );
    expect((await cancel(other)).status).toBe(200);
    const waiting = await rig.ledger.loadRequests([full]);
    expect(waiting).toHaveLength(MAX_WAITING_REQUESTS);
    // One that waits already is no further one.
    await rig.ledger.addRequest(waiting[0]!);
    await rig.addController();
    await rig.status(full, 'cancelled');
    await rig.status(other, 'cancelled');
    expect(await rig.ledger.loadRequests([full])).toEqual([]);
  });

  test('as many watches as a server may have → followed; one more → 429, until one is closed', async () => {
    const id = await rig.startRun('nap');
    const paths = [`/api/v1/jobs/${id}/events`, `/jobs/${id}/stream`];
    const watch = async (path = paths[0]!) => {
      const closing = new AbortController();
      const headers = { authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream' };
      const answer = await fetch(`${server.url}${path}`, { headers, signal: closing.signal });
      return { answer, close: () => closing.abort() };
    };
    const open = [await watch(), await watch(), await watch(paths[1])];
    expect(open.map(({ answer }) => answer.status)).toEqual([200, 200, 200]);
    for (const path of paths) {
      const { answer } = await watch(path);
      const { code, detail } = (await answer.json()) as { code: string; detail: string };
      expect([answer.status, code]).toEqual([429, 'resource_exhausted']);
      expect(detail).toMatch(/^This server has 3 open watches, its limit; close some, or watch at/);
    }
    open[0]!.close();
    const next = await until('a watch is free', async () => {
      const again = await watch();
      return again.answer.status === 200 ? again : undefined;
    });
    for (const each of [...open, next]) each.close();
  });

  test('10,000 watches → open; one more → refused', async () => {
    const hub = createWatchHub(apiOptions(rig));
    const run = await rig.run(await rig.startRun('nap'));
    const [version] = await rig.ledger.loadVersions([run.versionId]);
    const closing = new AbortController();
    const { signal } = closing;
    const follow = () => hub.follow({ run, version: version!, from: beginning, signal }).next();
    const open = Array.from({ length: MAX_WATCHES }, follow);
    const refusal = await follow().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConnectError);
    expect(refusal).toMatchObject({ code: Code.ResourceExhausted });
    expect(String(refusal)).toContain('10000 open watches');
    closing.abort();
    await Promise.all(open);
    hub.close();
  });
});

test('a thousand watchers of the health of a server → one question to what it depends on', async () => {
  let asked = 0;
  const isReady = (): Promise<boolean> => Promise.resolve((asked += 1) > 0);
  const { watch } = createHealthService({ services: [], isReady });
  const closing = new AbortController();
  const first = () => {
    const request = create(HealthCheckRequestSchema);
    const watched = watch(request, closing as unknown as HandlerContext);
    return (watched as AsyncGenerator<{ status: ServingStatus }>).next();
  };
  const found = await Promise.all(Array.from({ length: 1000 }, first));
  expect(new Set(found.map(({ value }) => value?.status))).toEqual(
    new Set([ServingStatus.SERVING]),
  );
  expect(asked).toBe(1);
  closing.abort();
});

describe('versions of a workflow', () => {
  let store: Store;
  let admin: Pool;
  beforeAll(async () => {
    const url = await freshDatabase();
    admin = connect(url, { name: 'admin', max: 1 });
    store = await openStore(url);
  });
  afterAll(async () => {
    await store?.close();
    await admin?.end();
  });

  test('1,000 without a run → all stay; beyond → the oldest are dropped, but for those with runs', async () => {
    const [other, workflow] = [
      await registerWorkflow(store.ledger),
      await registerWorkflow(store.ledger),
    ];
    const { id, namespace } = workflow;
    const newest = KEPT_VERSIONS + 98;
    for (const each of [other.id, id]) {
      await admin`
        insert into version (id, workflow_id, number, digest, graph, manifest, origin, created_at)
        select gen_random_uuid(), workflow_id, n, 'old', graph, manifest, origin, created_at
        from version
        cross join generate_series(2, ${newest}::int4) as n
        where workflow_id = ${each}::uuid`;
      await admin`
        update workflow
        set version_number = ${newest}::int4, digest = 'old', version_id = version.id
        from version
        where workflow.id = ${each}::uuid
          and version.workflow_id = workflow.id
          and version.number = ${newest}::int4`;
    }
    const used = await store.library.getVersion(id, 7);
    await store.ledger.createRuns([newRun(workflow, { versionId: used!.id })]);
    const write = () =>
      store.library.putWorkflow({
        change: workflowChange({ namespace, digest: randomUUID() }),
        files: [],
        mustCreate: false,
        now: 9,
      });
    const numbers = async (of: string): Promise<number[]> => {
      const versions = await store.library.listVersions(of, { before: Infinity, limit: 5000 });
      return versions.map(({ number }) => number).toReversed();
    };
    const upTo = (first: number, last: number): number[] =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index);

    expect((await write()).workflow.versionNumber).toBe(newest + 1);
    expect(await numbers(id)).toEqual(upTo(1, newest + 1));
    expect((await write()).workflow.versionNumber).toBe(newest + 2);
    expect(await numbers(id)).toEqual([7, ...upTo(101, newest + 2)]);
    expect(await numbers(other.id)).toEqual(upTo(1, newest));
  });
});
