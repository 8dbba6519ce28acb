import { maxHeaderSize } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildRoutes } from '../../src/api/transcode/route-table.ts';
import { ArtifactService } from '../../src/gen/behest/v1/artifact_service_pb.ts';
import { NodeService } from '../../src/gen/behest/v1/node_service_pb.ts';
import { RunService } from '../../src/gen/behest/v1/run_service_pb.ts';
import { SourceService } from '../../src/gen/behest/v1/source_service_pb.ts';
import { WorkflowService } from '../../src/gen/behest/v1/workflow_service_pb.ts';
import { Health } from '../../src/gen/health/v1/health_pb.ts';
import { JWT_SECRET, startApiRig, TOKEN, type ApiRig } from '../api/api-rig.ts';
import { Dice } from '../simulation/dice.ts';
import { Gunner } from './gunner.ts';
import { faultOf } from './judge.ts';
import { socketsOfServer } from './sockets-of-server.ts';
import { restShot } from './rest-shots.ts';
import { rpcShot } from './rpc-shots.ts';
import type { Known } from './shape.ts';
import type { Heard, Shot } from './shot.ts';

/**
 * `FUZZ_RUNS=100000 vitest run test/fuzz` for the long form, `FUZZ_SEED=n` for another volley. The
 * suite fires the same one each time: what a change breaks is then the change's own doing.
 */
const runs = Number(process.env['FUZZ_RUNS'] ?? 4000);
const seed = Number(process.env['FUZZ_SEED'] ?? 4711);
const AT_ONCE = 16;
const MAX_GROWTH_BYTES = 400 * 1024 * 1024;
/** The short form takes some 20 s of a slow machine; the long one as long as it needs. */
const TIMEOUT_MS = Math.max(120_000, runs * 50);

const services = [WorkflowService, RunService, SourceService, NodeService, ArtifactService];
const rpcs = [...services, Health].flatMap(({ methods }) => methods);
const routes = buildRoutes(services);

let api: ApiRig;
let known: Known;
const defects: unknown[] = [];

beforeAll(async () => {
  api = await startApiRig({ onInternalError: (error) => defects.push(error) });
  known = await populate(api);
});
afterAll(() => api?.stop());

const manifest =
  'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: fed }\nspec:\n  steps:\n' +
  '    - { id: a, type: transform, config: { output: "{{ input.x }}" } }\n';
const document = {
  apiVersion: 'behest.dev/v1',
  kind: 'Workflow',
  metadata: { name: 'given' },
  spec: { steps: [{ id: 'a', type: 'transform', config: { output: 1 } }] },
};
const taskSpec = { name: 'spec', tasks: [{ id: 'a', tool: 'transform', config: { output: 1 } }] };

/** Something of everything, so that requests get past "does not exist". */
async function populate({ rig, execute }: ApiRig): Promise<Known> {
  await rig.register('echo', [{ id: 'say', type: 'transform', config: { output: '{{ input }}' } }]);
  await rig.register('nap', [{ id: 'nap', type: 'wait', config: { duration: '1h' } }]);
  const done = await execute('echo', { a: 1 });
  const open = await execute('nap');
  await rig.status(done, 'completed');
  const digest = await rig.store.library.putBlob(Buffer.from('a file'));
  const ids = [done, open, done.slice(0, 8), '00000000-0000-7000-8000-000000000000'];
  return {
    workflow_id: ['echo', 'nap', 'given', 'none'],
    run_id: ids,
    node_type: ['transform', 'http', 'act', 'code', 'wait', 'none'],
    namespace: ['', 'default', '-', 'other'],
    name: ['local', 'none'],
    digest: [digest, '0'.repeat(64)],
    number: ['1', '2', '2147483647'],
    version: ['0', '1'],
    text: [manifest, `${manifest}---\n${manifest}`, '{{', '- *a', 'a: &a [*a, *a]'],
    document: [JSON.stringify(document), JSON.stringify(taskSpec)],
    from_step: ['say', '0', 'none'],
    step: ['say', '0', 'none', ''],
    item: ['0', '-1', '2147483647'],
    offset: ['0', '2', '2147483647', '-1'],
    max_bytes: ['0', '1', '2147483647', '-1'],
    page_size: ['0', '1', '1000', '1001'],
    timeout_seconds: ['1'],
    status: ['running', 'completed', 'RUN_STATUS_FAILED'],
    label_selector: ['a=b', '!a', 'a in (b)'],
    order_by: ['created_at', 'created_at desc'],
    key: ['a', 'url', 'output', 'code'],
  };
}

function describe(shot: Shot, fault: string, text: string): string {
  const sent = `${shot.method} ${shot.path} (HTTP/${shot.http})\n${JSON.stringify(shot.headers)}`;
  const body = `${shot.body.toString('latin1').slice(0, 600)}\n→ ${text.slice(0, 600)}`;
  return `${fault} · ${shot.label}\n${sent}\n${body}`;
}

/** Node cuts such a request off, and the client may hear of it before it hears the 431. */
function isHeadTooLong({ path, headers }: Shot): boolean {
  return path.length + JSON.stringify(headers).length > maxHeaderSize - 1000;
}

/** A stream that has nothing to tell yet: Connect sends its headers with the first message. */
function isOpenStream({ isStream }: Shot, { status, hung }: Heard): boolean {
  return isStream && (status === 200 || hung === 'headers');
}

/** Fires so many shots, some at a time, and answers what went wrong. */
async function fireAll(gunner: Gunner, shots: Iterator<Shot>): Promise<string[]> {
  const faults: string[] = [];
  const lane = async (): Promise<void> => {
    for (let next = shots.next(); next.done !== true; next = shots.next()) {
      const shot = next.value;
      const before = defects.length;
      let heard = await gunner.fire(shot);
      // A real hang hangs again; a busy machine does not.
      if (heard.hung !== null) heard = await gunner.fire(shot);
      const isExcused = isOpenStream(shot, heard) || (heard.broken !== null && isHeadTooLong(shot));
      const fault = isExcused ? null : faultOf(heard, [TOKEN, JWT_SECRET]);
      if (fault !== null) faults.push(describe(shot, fault, heard.text));
      if (fault === null && defects.length > before)
        faults.push(describe(shot, `log: ${show(defects.at(-1))}`, ''));
      if (faults.length > 20) return;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return faults;
}

function show(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` ← ${show(error.cause)}`;
  return `${error.message}${cause}`;
}

function* volley(count: number): Generator<Shot> {
  const dice = new Dice(seed);
  for (let i = 0; i < count; i += 1) {
    const each = dice.fork();
    const isRest = i % 2 === 0;
    yield isRest ? restShot(each, each.pick(routes), known) : rpcShot(each, each.pick(rpcs), known);
  }
}

test(
  `${runs} requests of every kind → never our fault, never a hang, never a leak (FUZZ_SEED=${seed})`,
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    console.log(`FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`);
    const before = process.memoryUsage().rss;
    const socketsBefore = socketsOfServer(api.server.port);
    const gunner = new Gunner(api.server.url, TOKEN);
    try {
      expect(await fireAll(gunner, volley(runs))).toEqual([]);
    } finally {
      gunner.close();
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const asked = performance.now();
    expect((await api.call('GET', '/health')).json.status).toBe('ok');
    expect(performance.now() - asked).toBeLessThan(5000);
    const left = (): number => socketsOfServer(api.server.port);
    // The probe's own stays open a while.
    await expect.poll(left, { timeout: 10_000 }).toBeLessThanOrEqual(socketsBefore + 1);
  },
);

test('every REST route and every method is among the targets', () => {
  const bound = new Set(routes.map(({ rpc }) => rpc));
  const ours = services.flatMap(({ methods }) => methods);
  expect(ours.filter((rpc) => !bound.has(rpc)).map(({ name }) => name)).toEqual([]);
  expect(routes.length).toBeGreaterThan(ours.length);
});
