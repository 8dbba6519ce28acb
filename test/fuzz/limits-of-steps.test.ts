import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import type { BlobClient } from '../../src/bus/blob-client.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { MAX_MESSAGE_BYTES, MessageTooLargeError } from '../../src/bus/codec.ts';
import { Spiller } from '../../src/bus/spiller.ts';
import { MAX_CHILD_DEPTH } from '../../src/controller/adopt-children.ts';
import * as expr from '../../src/expr/limits.ts';
import type { Json, JsonObject } from '../../src/expr/json.ts';
import { build } from '../../src/graph/build.ts';
import { compile } from '../../src/graph/compile.ts';
import { DEFAULT_MAX_PARALLEL } from '../../src/graph/limits.ts';
import type { StepSpec } from '../../src/graph/spec.ts';
import { readFiles } from '../../src/manifest/testing/check-text.ts';
import { executeArtifact } from '../../src/nodes/artifact/execute.ts';
import {
  MAX_LOG_CHARACTERS,
  MAX_OUTPUT_FILE_BYTES,
  MAX_OUTPUT_FILES_BYTES,
} from '../../src/nodes/code/call.ts';
import { runCode } from '../../src/nodes/code/run-code.ts';
import { excessOf } from '../../src/nodes/code/worker/output-limits.ts';
import { nodeTypes } from '../../src/nodes/registry.ts';
import { testContext } from '../../src/nodes/test-context.ts';
import { MAX_LINES } from '../../src/runner/attempt.ts';
import { sampleTasks } from '../bus/samples.ts';
import { until } from '../bus/until.ts';
import { Rig } from '../controller/rig.ts';
import { World } from '../engine/world.ts';
import { nodeType } from '../runner/fake-node.ts';
import { stage } from '../runner/fixture.ts';

const MiB = 1024 * 1024;
const nested = (levels: number): Json => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

/** A run of these steps, moved by hand. */
function worldOf(steps: readonly StepSpec[], input: Json = {}): World {
  const traits = new Map(
    [...nodeTypes].map(([name, { runsIn, timeoutMs, fileKeys = [], verbatimKeys = [] }]) => [
      name,
      { runsIn, timeoutMs, fileKeys, verbatimKeys },
    ]),
  );
  const { graph, problems } = build({ steps }, { nodeTypes: traits, files: {} });
  if (graph === null) throw new Error(JSON.stringify(problems));
  const world = new World(compile(graph), input, { retryable: 0, hard: 0, seed: 1 });
  world.step([]);
  return world;
}

describe('what a run evaluates', () => {
  const fan: StepSpec = { id: 'a', type: 'http', config: { url: 'http://x' } };
  test.each([
    [DEFAULT_MAX_PARALLEL, DEFAULT_MAX_PARALLEL],
    [DEFAULT_MAX_PARALLEL + 1, DEFAULT_MAX_PARALLEL],
  ])('a forEach over %i items → %i at once, the others wait', (items, atOnce) => {
    const world = worldOf([{ ...fan, forEach: `{{ range(${items}) }}` }]);
    expect(world.sent.size).toBe(atOnce);
    world.move(() => 0);
    expect(world.everSent.size).toBe(items);
  });

  const half = 'x'.repeat(expr.MAX_TEXT_LENGTH / 2);
  test.each([
    ['two texts added', '{{ input.a + input.b }}'],
    ['a text with two expressions', '{{ input.a }}{{ input.b }}'],
    ['a list joined', '{{ [input.a, input.b].join("") }}'],
  ])('%s → 16,777,216 characters, one more fails the step', (_, output) => {
    const steps = [{ id: 'a', type: 'transform', config: { output } }];
    const at = worldOf(steps, { a: half, b: half });
    expect(at.state.finished).toMatchObject({ status: 'completed', error: null });
    const over = worldOf(steps, { a: half, b: `${half}x` });
    expect(over.state.finished).toMatchObject({ status: 'failed', error: { step: 'a' } });
    const said = over.state.finished?.error?.message;
    expect(said).toMatch(/16777217 characters; at most 16777216.*code step/);
  });

  test.each([
    ['compared', '{{ input.a == input.b }}'],
    ['written as JSON', '{{ json(input.a).size() }}'],
  ])('values nested 200 deep are %s → done; 201 deep → the step fails', (_, output) => {
    const steps = [{ id: 'a', type: 'transform', config: { output } }];
    const runOn = (levels: number) =>
      worldOf(steps, { a: nested(levels), b: nested(levels) }).state.finished;
    expect(runOn(expr.MAX_VALUE_DEPTH)).toMatchObject({ status: 'completed', error: null });
    const over = runOn(expr.MAX_VALUE_DEPTH + 1);
    expect(over).toMatchObject({ status: 'failed', error: { step: 'a', class: 'hard' } });
    expect(over?.error?.message).toMatch(/nest deeper than 200 levels; .*code step/);
  });
});

describe('what a runner hands on', () => {
  test('an output nested 500 deep → completed; 501 → the step fails', async () => {
    let levels = 500;
    const on = await stage([nodeType('deep', () => Promise.resolve(nested(levels)))]);
    expect((await on.run('deep')).outcome.kind).toBe('completed');
    levels = 501;
    const message = expect.stringMatching(
      /nested more than 500 levels deep .* expected plain JSON/,
    );
    const error = { class: 'hard', code: 'malformed_output', message };
    expect((await on.run('deep')).outcome).toMatchObject({ kind: 'failed', error });
  });

  test('a line of 8,192 characters → whole; of 8,193 → cut to as many', async () => {
    const say = nodeType('say', (context) => {
      context.log('info', 'x'.repeat(8192));
      context.log('info', 'y'.repeat(8193));
      return Promise.resolve(null);
    });
    const on = await stage([say]);
    await on.run('say');
    await until(() => on.activity.length === 2);
    expect(on.activity.map(({ message }) => message)).toEqual(['x'.repeat(8192), 'y'.repeat(8192)]);
  });

  test('10,000 lines of an attempt → all; 10,001 → one line says that the rest is left out', async () => {
    let lines = MAX_LINES;
    const say = nodeType('say', async (context) => {
      for (let line = 0; line < lines; line += 1) {
        if (line % 3 === 0) context.progress(line / lines);
        else context.log('info', String(line));
        // What is written faster than it can be carried is dropped, and told of by another line.
        if (line % 1000 === 0) await new Promise(setImmediate);
      }
      return null;
    });
    const on = await stage([say]);
    await on.run('say');
    await until(() => on.activity.length >= MAX_LINES);
    expect(on.activity.filter(({ level }) => level === 'warn')).toEqual([]);
    lines = MAX_LINES + 500;
    on.activity.length = 0;
    await on.run('say');
    await until(() => on.activity.length > MAX_LINES);
    const warnings = on.activity.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/10000 lines, the limit: the rest is left out\. Log less/),
    ]);
    expect([on.activity.length, on.activity.at(-1)]).toEqual([MAX_LINES + 1, warnings[0]]);
  });
});

describe('what a step is given', () => {
  test('an artifact of 64 MiB → stored; of a byte more → the step fails', async () => {
    const context = { ...testContext(), storeBlob: () => Promise.resolve('a digest') };
    const store = (bytes: number) =>
      executeArtifact(context, { store: { name: 'a.txt', content: 'x'.repeat(bytes) } });
    expect(await store(64 * MiB)).toMatchObject({ size: 64 * MiB });
    await expect(store(64 * MiB + 1)).rejects.toMatchObject({
      class: 'hard',
      code: 'limit',
      message: expect.stringMatching(/'a\.txt' has 67108865 bytes.*at most 67108864.*parts/),
    });
  });

  test('response.maxBytes of 64 MiB → applied; one more → a problem at its place', () => {
    const text = (maxBytes: number): string =>
      'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n' +
      `  steps: [{ id: a, type: http, config: { url: http://x, response: { maxBytes: ${maxBytes} } } }]\n`;
    expect(readFiles({ 'a.yaml': text(64 * MiB) }).problems).toEqual([]);
    const { problems, resources } = readFiles({ 'a.yaml': text(64 * MiB + 1) });
    const column =
      text(64 * MiB + 1)
        .split('\n')[4]!
        .indexOf('67108865') + 1;
    const message = 'Expected at most 67108864, found the number 67108865.';
    expect(problems).toMatchObject([{ file: 'a.yaml', line: 5, column, message }]);
    expect(resources).toEqual([]);
  });

  test.each([
    [1_048_576, 128, 'info'],
    [1_048_577, 129, 'warn'],
  ])(
    'a plain process that logs %i characters → %i lines, the last %s',
    async (all, lines, last) => {
      const more = all > MAX_LOG_CHARACTERS ? `console.log('')` : '';
      const print = `for (let i = 0; i < 128; i += 1) console.log('x'.repeat(8191));`;
      const code = `const process = () => { ${print} ${more} }`;
      const config = { language: 'javascript', sandbox: 'none', code };
      const { context, error } = await runCode(config, { settings: { allowSubprocess: true } });
      expect(error).toBe(undefined);
      expect([context.lines.length, context.lines.at(-1)?.level]).toEqual([lines, last]);
    },
  );

  test('files of 128 MiB that come out → kept; of a byte more → the step fails', () => {
    const half = { path: 'a.bin', size: MAX_OUTPUT_FILES_BYTES / 2 };
    expect(half.size).toBe(MAX_OUTPUT_FILE_BYTES);
    expect(excessOf([half, { ...half, path: 'b.bin' }])).toBe(undefined);
    expect(excessOf([half, { ...half, path: 'b.bin' }, { path: 'c', size: 1 }])).toEqual({
      kind: 'limit',
      message: expect.stringMatching(/134217729 bytes together.*134217728 at most.*steps/),
    });
  });
});

describe('what is on its way', () => {
  test('a message of 64 MiB → goes as a blob; of a byte more → refused by its subject', async () => {
    const put: number[] = [];
    const blobs = { put: (bytes: Uint8Array) => Promise.resolve(`blob ${put.push(bytes.length)}`) };
    const spiller = new Spiller({} as never, blobs as unknown as BlobClient);
    const messageOf = (bytes: number) => [{ subject: 'tasks.a', body: Buffer.alloc(bytes) }];
    await spiller.fit(messageOf(MAX_MESSAGE_BYTES));
    expect(put).toEqual([MAX_MESSAGE_BYTES]);
    await expect(spiller.fit(messageOf(MAX_MESSAGE_BYTES + 1))).rejects.toThrow(
      /^tasks\.a takes 67108865 bytes on the bus; the limit is 67108864$/,
    );
    expect(put).toHaveLength(1);
  });

  test('100,000 tasks of a queue without NATS → held; one more → refused, and sent again later', async () => {
    const bus = createInProcessBus();
    const tasks = sampleTasks(100_001);
    await bus.publishTasks(tasks.slice(0, -1));
    await expect(bus.publishTasks(tasks)).rejects.toThrow(
      /queue default holds 100000 tasks, its limit: 1 more were refused .* add runners/,
    );
    expect(await bus.missingTasks(tasks)).toEqual(tasks.slice(-1));
    await bus.close();
  });
});

/** The bus of a transport that carries this much and refuses what is more, as JetStream's does. */
function smallBus(maxBytes: number): Bus {
  const bus = createInProcessBus();
  const refused = (messages: readonly object[]): Error | undefined => {
    const sizes = messages.map((message) => JSON.stringify(message).length);
    const large = sizes.find((size) => size > maxBytes);
    return large === undefined ? undefined : new MessageTooLargeError('tasks.a', large);
  };
  const { publishTasks, publishCheckpoints } = bus;
  bus.publishTasks = (tasks) => {
    const error = refused(tasks);
    return error === undefined ? publishTasks.call(bus, tasks) : Promise.reject(error);
  };
  bus.publishCheckpoints = (checkpoints) => {
    const error = refused(checkpoints);
    return error === undefined ? publishCheckpoints.call(bus, checkpoints) : Promise.reject(error);
  };
  return bus;
}

describe('what the transport refuses', () => {
  let rig: Rig;
  beforeAll(async () => {
    const bus = smallBus(10_000);
    rig = await Rig.start({ connect: () => Promise.resolve(bus) });
    rig.behaviours['much'] = () => 'x'.repeat(6000);
    const much: StepSpec = { id: 'a', type: 'act', config: { do: 'much' } };
    const asks: StepSpec = { ...much, id: 'b', needs: [], config: { do: 'nothing' } };
    await rig.register('small', [asks]);
    const twice = { x: '{{ a.output }}', y: '{{ a.output }}' };
    await rig.register('task', [much, { id: 'b', type: 'act', config: twice }]);
    await rig.register('child', [much, { ...much, id: 'b', needs: [] }]);
    await rig.register('parent', [{ id: 'c', type: 'workflow', config: { workflow: 'child' } }]);
  });
  afterAll(() => rig?.stop());

  test.each([
    ['a task', 'task', 'b', /^The task of step "b" cannot be sent: .* takes \d+ bytes .*artifact/],
    ['what a child hands on', 'parent', 'c', /^The output of the child run cannot be .*artifact/],
  ])('%s that is too large → its step fails, other runs go on', async (_, workflow, step, told) => {
    const ids = await Promise.all(
      [workflow, ...Array.from({ length: 9 }, () => 'small')].map((name) => rig.startRun(name)),
    );
    const { error } = await rig.status(ids[0]!, 'failed');
    expect(error).toMatchObject({ step, class: 'hard', code: 'limit' });
    expect(error?.message).toMatch(told);
    for (const id of ids.slice(1)) await rig.status(id, 'completed');
  });
});

describe('child runs', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
    const next: JsonObject = { workflow: 'nest', input: { left: '{{ input.left - 1 }}' } };
    await rig.register('nest', [
      { id: 'next', type: 'workflow', when: 'input.left > 0', config: next },
    ]);
  });
  afterAll(() => rig?.stop());

  test('16 workflows within a workflow → completed; 17 → the step that asks for one more fails', async () => {
    const [at, over] = await Promise.all(
      [MAX_CHILD_DEPTH, MAX_CHILD_DEPTH + 1].map((left) => rig.startRun('nest', { left })),
    );
    await rig.status(at!, 'completed');
    const { error } = await rig.status(over!, 'failed');
    expect(error?.step).toBe('next');
    expect(error?.message).toMatch(/Child runs nest more than 16 deep; does workflow "nest" start/);
  });
});
