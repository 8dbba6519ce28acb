import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toBinary } from '@bufbuild/protobuf';
import { toSource } from '../../src/api/convert/source.ts';
import { SourceSchema } from '../../src/gen/behest/v1/source_pb.ts';
import { HardError } from '../../src/nodes/errors.ts';
import { sourceRecord, workflowChange } from '../store/samples.ts';
import { startApiRig, type ApiRig } from './api-rig.ts';
import { grpcClient, signedIn, unary } from './grpc-client.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const ITEMS = 3;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers freely
type Any = any;

let api: ApiRig;
let runId: string;
/** The client has the limit that grpc-js, grpc-go and grpc-java have: 4 MiB a message. */
let runs: Awaited<ReturnType<typeof grpcClient>>;
const clients: { close(): void }[] = [];

async function open(name: string): Promise<typeof runs> {
  const file = `behest/v1/${name.toLowerCase()}_service.proto`;
  const service = `behest.v1.${name}Service`;
  const client = await grpcClient(`127.0.0.1:${api.server.port}`, { file, service });
  clients.push(client);
  return client;
}

/** Text that does not compress; the same for the same step. */
const texts = new Map<string, string>();
function textOf(step: string, bytes: number): string {
  const known = texts.get(step) ?? randomBytes(bytes / 2).toString('hex');
  texts.set(step, known);
  return known;
}

const act = (id: string, bytes: number): Any => ({
  id,
  type: 'act',
  config: { do: 'blob', bytes, name: id },
});

beforeAll(async () => {
  api = await startApiRig();
  runs = await open('Run');
  api.rig.behaviours['blob'] = (_, config) => {
    const { name, bytes, index = '' } = config as { name: string; bytes: number; index?: number };
    return textOf(`${name}${index}`, bytes);
  };
  const fan = { ...act('fan', MiB), forEach: `{{ range(${ITEMS}) }}` };
  fan.config.index = '{{ index }}';
  await api.rig.register('heavy', {
    steps: [
      ...['a', 'b', 'c', 'd', 'e'].map((id) => act(id, 700 * KiB)),
      act('huge', 4.5 * MiB),
      fan,
      { id: 'small', type: 'transform', config: { output: 'small' } },
    ],
    output: '{{ huge.output }}',
  });
  runId = await api.execute('heavy', { text: 'x'.repeat(3 * MiB) });
  await api.rig.status(runId, 'completed');
});
afterAll(async () => {
  for (const client of clients) client.close();
  await api?.stop();
});

const valueOf = (value: Any): string => value?.string_value ?? value?.stringValue ?? '';

describe('a run with 18 MiB of data', () => {
  test('GetRun → its small outputs; of the others that they are left out', async () => {
    const run: Any = await unary(runs, 'GetRun', { run_id: runId });
    const { json } = await api.call('GET', `/api/v1/jobs/${runId}`);
    const step = (id: string): Any => run.steps.find((each: Any) => each.id === id);
    expect([run.status, run.input_omitted, run.output_omitted]).toEqual([
      'RUN_STATUS_COMPLETED',
      true,
      true,
    ]);
    expect(valueOf(step('small').output)).toBe('small');
    expect(step('huge')).toMatchObject({ output_omitted: true, output: { kind: 'nullValue' } });
    const given = run.steps.filter((each: Any) => !each.output_omitted);
    expect(given.map(({ id }: Any) => id)).toEqual(['a', 'b', 'c', 'd', 'small']);
    expect(valueOf(step('a').output)).toBe(texts.get('a'));
    const omitted = ({ output_omitted: isOmitted = false }: Any): boolean => isOmitted;
    expect(json.steps.map(omitted)).toEqual(run.steps.map(omitted));
    expect(json).toMatchObject({ input: null, input_omitted: true, output_omitted: true });
  });

  test('GetExecution and GetSubmitted → as much as fits', async () => {
    const execution: Any = await unary(runs, 'GetExecution', { run_id: runId });
    expect(execution).toMatchObject({ input_omitted: true, result_omitted: true });
    const given = Object.entries<Any>(execution.checkpoints_by_id)
      .filter(([, { output_omitted: isOmitted }]) => !isOmitted)
      .map(([id]) => id);
    expect(given.toSorted()).toEqual(['a', 'b', 'small']);
    expect(execution.checkpoints['5']).toMatchObject({ status: 'CHECKPOINT_STATUS_COMPLETED' });
    const submitted: Any = await unary(runs, 'GetSubmitted', { run_id: runId });
    expect(submitted).toMatchObject({ input_omitted: true, output_omitted: true });
    expect(submitted.nodes.huge.output_omitted).toBe(true);
    expect(valueOf(submitted.nodes.d.output)).toBe(texts.get('d'));
  });

  test('GetStep → the output that the run has no room for, unless it is too large alone', async () => {
    const step: Any = await unary(runs, 'GetStep', { run_id: runId, step: 'e' });
    expect(valueOf(step.output)).toBe(texts.get('e'));
    const { json } = await api.call('GET', `/api/v1/jobs/${runId}/steps/5`);
    expect(json).toMatchObject({ id: 'huge', output: null, output_omitted: true });
    const none = await api.call('GET', `/api/v1/jobs/${runId}/steps/none`);
    expect([none.status, none.json.violations[0].field]).toEqual([400, 'step']);
  });

  test('GetOutput → all of it in pieces over gRPC, whole over REST', async () => {
    const pieces: Buffer[] = [];
    const size = 2 * MiB;
    for (let offset = 0; ; offset += size) {
      const request = { run_id: runId, step: 'huge', offset, max_bytes: size };
      const { data }: Any = await unary(runs, 'GetOutput', request);
      pieces.push(data);
      if (data.length < size) break;
    }
    expect(pieces).toHaveLength(3);
    expect(JSON.parse(Buffer.concat(pieces).toString()) === texts.get('huge')).toBe(true);
    for (const path of ['output', 'steps/huge/output']) {
      const { json } = await api.call('GET', `/api/v1/jobs/${runId}/${path}`);
      expect(json === texts.get('huge')).toBe(true);
    }
    const whole = unary(runs, 'GetOutput', { run_id: runId });
    await expect(whole).rejects.toMatchObject({ code: 8 });
  });

  test('GetOutput of a fan-out → the list, or one item', async () => {
    const { json } = await api.call('GET', `/api/v1/jobs/${runId}/steps/fan/output`);
    const expected = Array.from({ length: ITEMS }, (_, index) => texts.get(`fan${index}`));
    expect(json.map((text: string) => expected.indexOf(text))).toEqual([...expected.keys()]);
    const item: Any = await unary(runs, 'GetOutput', { run_id: runId, step: 'fan', item: 1 });
    expect(JSON.parse(item.data) === texts.get('fan1')).toBe(true);
    const none = await api.call('GET', `/api/v1/jobs/${runId}/steps/fan/output?item=99`);
    expect([none.status, none.json]).toEqual([200, null]);
    const ofRun = await api.call('GET', `/api/v1/jobs/${runId}/output?item=1`);
    expect(ofRun.json.violations[0].field).toBe('item');
  });

  test('a list larger than GetOutput puts together → 409 with the remedy; an item is answered', async () => {
    const { library } = api.rig.store;
    const factsWithin = library.factsWithin.bind(library);
    // As if the limit were 2 MiB, and not 64.
    library.factsWithin = (id, selection) => factsWithin(id, { ...selection, bytes: 2 * MiB });
    const path = `/api/v1/jobs/${runId}/steps/fan/output`;
    const { status, json } = await api.call('GET', path);
    const item = await api.call('GET', `${path}?item=2`);
    library.factsWithin = factsWithin;
    expect([status, json.code]).toEqual([409, 'failed_precondition']);
    expect(json.detail).toMatch(/step "fan" has more than 67108864 bytes; get its items/);
    expect(item.json === texts.get('fan2')).toBe(true);
  });

  test('GetInput → whole, or the range that is asked for', async () => {
    const path = `/api/v1/jobs/${runId}/input`;
    const { json } = await api.call('GET', path);
    expect(json.text).toHaveLength(3 * MiB);
    const range = await fetch(`${api.server.url}${path}`, { headers: { range: 'bytes=0-10' } });
    expect([range.status, await range.text()]).toEqual([206, '{"text":"xx']);
  });

  test('Retry answers with the run → as much as fits', async () => {
    const answer: Any = await unary(runs, 'Retry', { run_id: runId, from_step: 'small' });
    expect(answer.run).toMatchObject({ input_omitted: true, output_omitted: true });
    await api.rig.status(runId, 'completed');
  });

  test('a watch → every event, each within the limit', async () => {
    const events: Any[] = [];
    for await (const event of runs['WatchRun']!({ run_id: runId }, signedIn())) events.push(event);
    const ended = events.filter(({ event }) => event === 'checkpoint');
    const of = (id: string): Any[] =>
      ended.flatMap(({ checkpoint }) => (checkpoint.step_id === id ? [checkpoint] : []));
    expect(of('huge')).toMatchObject([{ output_omitted: true, output: { kind: 'nullValue' } }]);
    expect(of('fan').map(({ item }) => item)).toHaveLength(ITEMS);
    for (const { item, output } of of('fan')) {
      expect(valueOf(output) === texts.get(`fan${item}`)).toBe(true);
    }
    expect(ended).toHaveLength(6 + ITEMS + 2);
    expect(events.at(-1).complete).toMatchObject({ result_omitted: true });
    expect(new Set(events.map(({ cursor }) => cursor)).size).toBe(events.length);
  });

  test('a run of large errors → some are cut; GetStep tells them whole', async () => {
    const steps = Array.from({ length: 60 }, (_, index) => ({
      id: `s${index}`,
      type: 'act',
      onError: 'continue' as const,
      needs: [],
      config: { do: 'blame' },
    }));
    api.rig.behaviours['blame'] = () => {
      const details = { evidence: 'y'.repeat(60_000) };
      throw new HardError('code', `it broke ${'x'.repeat(8000)}`, { details });
    };
    await api.rig.register('blamed', steps);
    const id = await api.execute('blamed');
    await api.rig.status(id, 'completed');
    const run: Any = await unary(runs, 'GetRun', { run_id: id });
    const cut = run.steps.filter(({ error }: Any) => error.cut);
    expect(cut.length).toBeGreaterThan(5);
    expect(cut.length).toBeLessThan(30);
    expect([cut[0].error.code, cut[0].error.details]).toEqual(['code', undefined]);
    expect(cut[0].error.message).toMatch(/^it broke x{91}…$/);
    const step: Any = await unary(runs, 'GetStep', { run_id: id, step: cut[0].id });
    expect([step.error.cut, step.error.message.length]).toEqual([undefined, 8009]);
    const { json } = await api.call('GET', `/workflows/execution/${id}`);
    expect(json.checkpoints_by_id.s0.error).toMatch(/^it broke x{91,}…?$/);
  });
});

/** All pages of a list over gRPC: the items, and how many each page has. */
async function pages(
  client: typeof runs,
  method: string,
  { items, ...request }: Any,
): Promise<{ readonly all: Any[]; readonly sizes: number[] }> {
  const all: Any[] = [];
  const sizes: number[] = [];
  let token = '';
  do {
    const answer: Any = await unary(client, method, { ...request, page_token: token });
    all.push(...answer[items]);
    sizes.push(answer[items].length);
    token = answer.next_page_token ?? '';
  } while (token !== '');
  return { all, sizes };
}

/** Nothing is lost or told twice, and it took more than one page. */
function checkPages({ all, sizes }: { all: Any[]; sizes: number[] }, ids: readonly string[]): void {
  expect(sizes.length).toBeGreaterThan(1);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  expect(all.map((each) => each.id ?? each.message).toSorted()).toEqual(ids.toSorted());
}

describe('a page of large items ends before its size', () => {
  test('runs', async () => {
    const { ledger, library } = api.rig.store;
    await api.rig.register('light', [{ id: 'a', type: 'end' }]);
    const workflow = await library.getWorkflow('default', 'light');
    const labels = Object.fromEntries(
      Array.from({ length: 64 }, (_, index) => [`${'k'.repeat(248)}${index}`, 'v'.repeat(63)]),
    );
    const records = Array.from({ length: 200 }, (_, index) => ({
      id: randomUUID(),
      namespace: 'default',
      workflow: 'light',
      versionId: workflow!.versionId,
      input: { text: 'x' },
      labels,
      cause: { kind: 'api', name: '' } as const,
      createdBy: '',
      createdAt: index,
      idempotencyKey: null,
      parent: null,
    }));
    await ledger.createRuns(records);
    const query = { label_selector: `${'k'.repeat(248)}0=${'v'.repeat(63)}`, page_size: 1000 };
    const found = await pages(runs, 'ListRuns', { ...query, items: 'runs' });
    checkPages(
      found,
      records.map(({ id }) => id),
    );
  });

  test('workflows', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `wide-${index}`);
    for (const name of ids) {
      const description = 'x'.repeat(400_000);
      const change = workflowChange({ namespace: 'wide', name, description });
      await api.rig.store.library.putWorkflow({ change, files: [], mustCreate: true, now: 1 });
    }
    const client = await open('Workflow');
    const request = { namespace: 'wide', items: 'workflows' };
    checkPages(await pages(client, 'ListWorkflows', request), ids);
  });

  test('events', async () => {
    const messages = Array.from({ length: 500 }, (_, index) => `${index} ${'日'.repeat(4000)}`);
    const event = { kind: 'Source', name: 'talker', namespace: '', type: 'normal', reason: 'R' };
    await api.rig.ledger.recordEvents(
      messages.map((message, at) => ({ ...event, type: 'normal', message, details: {}, at })),
    );
    const client = await open('Source');
    const request = { name: 'talker', page_size: 1000, items: 'events' };
    const { all, sizes } = await pages(client, 'ListEvents', request);
    checkPages({ all: all.map(({ message }) => ({ message })), sizes }, messages);
  });

  test('log lines', async () => {
    const lines = Array.from({ length: 150 }, (_, index) => `${index} ${'日'.repeat(8000)}`);
    api.rig.behaviours['talk'] = (context) => {
      for (const line of lines) context.log('info', line);
      return null;
    };
    await api.rig.register('talk', [{ id: 'talk', type: 'act', config: { do: 'talk' } }]);
    const id = await api.execute('talk');
    await api.rig.status(id, 'completed');
    const found = (): Promise<Any> =>
      pages(runs, 'GetLogs', { run_id: id, page_size: 10_000, items: 'logs' });
    await expect.poll(async () => (await found()).all.length).toBe(lines.length);
    const { all, sizes } = await found();
    checkPages({ all: all.map(({ message }: Any) => ({ message })), sizes }, lines);
    const events: Any[] = [];
    for await (const event of runs['FollowLogs']!({ run_id: id }, signedIn())) events.push(event);
    expect(events.map(({ message }) => message)).toEqual(lines);
  });
});

test('a workflow with a large schema → given once, in its manifest', async () => {
  const client = await open('Workflow');
  const examples = `[${'1,'.repeat(70_000)}1]`;
  const text = `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: choosy }
spec:
  input: { description: ${'x'.repeat(880_000)}, examples: ${examples} }
  steps: [{ id: a, type: end }]
`;
  const created: Any = await unary(client, 'CreateWorkflow', { text });
  const read: Any = await unary(client, 'GetWorkflow', { workflow_id: 'choosy' });
  for (const each of [created, read]) {
    expect([each.input_schema ?? null, each.input_schema_omitted]).toEqual([null, true]);
  }
  const { json } = await api.call('GET', '/api/v1/workflows/choosy');
  expect(json.manifest.spec.input.examples).toHaveLength(70_001);
});

test('an artifact of 5 MiB → in pieces over gRPC', async () => {
  const content = randomBytes(5 * MiB);
  const digest = await api.rig.store.library.putBlob(content);
  const client = await open('Artifact');
  await expect(unary(client, 'GetArtifact', { digest })).rejects.toMatchObject({ code: 8 });
  const pieces: Buffer[] = [];
  for (let offset = 0; offset <= content.length; offset += 2 * MiB) {
    const piece = { digest, offset, max_bytes: 2 * MiB };
    pieces.push((await unary<{ data: Buffer }>(client, 'GetArtifact', piece)).data);
  }
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
});

test('a source with 20,000 objects and problems → the first of them, and how many there are', () => {
  const text = 'x'.repeat(100);
  const place = { namespace: 'default', kind: 'Workflow', file: text, digest: text, keep: false };
  const inventory = Array.from({ length: 20_000 }, (_, index) => ({ ...place, name: `w${index}` }));
  const problem = { file: text, line: 1, column: 1, code: 'x', hint: text, frame: text } as const;
  const problems = Array.from({ length: 20_000 }, (_, index) => {
    return { ...problem, severity: 'error' as const, message: `${index}` };
  });
  const source = toSource(sourceRecord({ inventory, problems }));
  expect(source).toMatchObject({ objectCount: 20_000, problemCount: 20_000 });
  expect(source.inventory.length).toBeGreaterThan(3000);
  expect(source.problems.length).toBeGreaterThan(3000);
  expect(toBinary(SourceSchema, source).length).toBeLessThan(4 * MiB);
});
