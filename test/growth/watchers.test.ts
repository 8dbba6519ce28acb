import { connect as connectSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aliveMb } from '../../bench/alive.ts';
import type { RunEvent } from '../../src/gen/behest/v1/event_pb.ts';
import { RunService } from '../../src/gen/behest/v1/run_service_pb.ts';
import { startApiRig, TOKEN, type ApiRig } from '../api/api-rig.ts';
import { until } from '../services/until.ts';

const WATCHERS = 1000;
/** Streams on one connection. */
const SHARED = 25;
const STEPS = 12;
/** A step's output where readers stall: more in all than sockets and streams buffer. */
const LARGE = 20_000;

let api: ApiRig;
let looks = 0;
const gates = new Map<string, PromiseWithResolvers<void>>();

/** The step may be there before we know the run's id. */
function gateOf(id: string): PromiseWithResolvers<void> {
  const gate = gates.get(id) ?? Promise.withResolvers<void>();
  gates.set(id, gate);
  return gate;
}

beforeAll(async () => {
  api = await startApiRig();
  const { library } = api.rig.store;
  const newsOf = library.newsOf.bind(library);
  library.newsOf = (...args) => {
    looks += 1;
    return newsOf(...args);
  };
  const { behaviours } = api.rig;
  behaviours['wait'] = async ({ task }) => {
    await gateOf(task.runId).promise;
    return 'open';
  };
  behaviours['echo'] = ({ task }) => task.stepId;
  behaviours['large'] = () => 'x'.repeat(LARGE);
  const chain = (what: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({ id: `s${n}`, type: 'act', config: { do: what } }));
  const gate = { id: 'gate', type: 'act', config: { do: 'wait' } };
  await api.rig.register('busy', [gate, ...chain('echo', STEPS)]);
  await api.rig.register('heavy', [gate, ...chain('large', 400)]);
});
afterAll(() => api?.stop());

interface Seen {
  readonly cursor: string;
  readonly kind: string;
}

async function gatedRun(workflow: string): Promise<string> {
  const id = await api.execute(workflow);
  await api.rig.status(id, 'running');
  return id;
}

async function watchByGrpc(
  client: ReturnType<typeof grpc>,
  runId: string,
  onFirst: () => void,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const event of client.watchRun({ runId })) {
    onFirst();
    seen.push({ cursor: event.cursor, kind: kindOf(event) });
  }
  return seen;
}

function kindOf({ event }: RunEvent): string {
  return event.case ?? '';
}

const grpc = () => createClient(RunService, createGrpcTransport({ baseUrl: api.server.url }));

async function watchBySse(runId: string, onFirst: () => void): Promise<Seen[]> {
  const answer = await fetch(`${api.server.url}/jobs/${runId}/stream`);
  onFirst();
  const blocks = (await answer.text()).split('\n\n').filter((block) => block.includes('data:'));
  const field = (block: string, name: string): string =>
    new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
  return blocks.map((block) => ({ cursor: field(block, 'id'), kind: field(block, 'event') }));
}

/** Starts as many watchers as `runIds`, every second one gRPC; resolves when all are in place. */
async function watchAll(runIds: readonly string[]): Promise<Promise<Seen[]>[]> {
  const clients = Array.from({ length: Math.ceil(runIds.length / SHARED) }, grpc);
  const firsts: Promise<void>[] = [];
  const watches = runIds.map((id, number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    firsts.push(promise);
    const client = clients[Math.floor(number / SHARED)]!;
    return number % 2 === 0 ? watchByGrpc(client, id, resolve) : watchBySse(id, resolve);
  });
  await Promise.race([Promise.all(firsts), Promise.all(watches)]);
  return watches;
}

/** Everything, once, in order, and the end last. */
function expectWhole(seen: readonly Seen[]): void {
  expect(seen.at(-1)?.kind).toBe('complete');
  expect(seen.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(STEPS + 1);
  const places = seen.map(({ cursor }) => cursor.split('.').map(Number));
  for (const [index, [seq = 0, told = 0]] of places.entries()) {
    const [before = 0, toldBefore = 0] = places[index - 1] ?? [];
    const isNext = seq === before ? told === toldBefore + 1 : seq > before && told === 1;
    expect(isNext, `${seen[index - 1]?.cursor} then ${seen[index]?.cursor}`).toBe(true);
  }
}

async function expectNobodyReads(): Promise<void> {
  await until('nobody reads the ledger', async () => {
    const before = looks;
    // The poll of a feed that somebody watches comes every second.
    await sleep(1500);
    return looks === before ? true : undefined;
  });
}

test('a thousand watchers of one run → each sees every event once, in order, and the end', async () => {
  const id = await gatedRun('busy');
  const watches = await watchAll(Array.from({ length: WATCHERS }, () => id));
  gateOf(id).resolve();
  const all = await Promise.all(watches);
  expect(all).toHaveLength(WATCHERS);
  for (const seen of all) expectWhole(seen);
  const texts = new Set(all.map((seen) => JSON.stringify(seen)));
  expect(texts.size).toBe(1);
  await expectNobodyReads();
}, 120_000);

test('a thousand watchers of a thousand runs → each sees all of its own', async () => {
  const ids = await Promise.all(Array.from({ length: WATCHERS }, () => api.execute('busy')));
  const watches = await watchAll(ids);
  for (const id of ids) gateOf(id).resolve();
  for (const seen of await Promise.all(watches)) expectWhole(seen);
  await expectNobodyReads();
}, 120_000);

/** Asks for a stream and never reads a byte of it. */
async function stall(runId: string): Promise<Socket> {
  const { port } = api.server;
  const socket = connectSocket(port, '127.0.0.1');
  await new Promise((done) => socket.once('connect', done));
  socket.pause();
  const head = `GET /jobs/${runId}/stream HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n`;
  socket.write(`${head}authorization: Bearer ${TOKEN}\r\n\r\n`);
  return socket;
}

test('readers that stall → the others are not held up, and nothing piles up for them', async () => {
  const id = await gatedRun('heavy');
  const before = aliveMb();
  const stalled = await Promise.all(Array.from({ length: 60 }, () => stall(id)));
  const [watch] = await watchAll([id]);
  gateOf(id).resolve();
  const seen = await watch!;
  expect(seen.at(-1)?.kind).toBe('complete');
  expect(seen.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(401);
  // All that the 60 have not read would be 480 MB.
  expect(aliveMb() - before).toBeLessThan(120);
  for (const socket of stalled) socket.destroy();
  await expectNobodyReads();
  expect(aliveMb() - before).toBeLessThan(40);
}, 120_000);
