import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/expr/json.ts';
import { HardError, RetryableError } from '../../src/nodes/errors.ts';
import type { StepContext } from '../../src/nodes/node-type.ts';
import type { Checkpoint } from '../../src/task/task.ts';
import { memoryBlobs } from '../bus/memory-blobs.ts';
import { nodeType, settings } from './fake-node.ts';
import { stage, taskOf } from './fixture.ts';

function errorOf(checkpoint: Checkpoint) {
  if (checkpoint.outcome.kind !== 'failed') throw new Error(`it ${checkpoint.outcome.kind}`);
  return checkpoint.outcome.error;
}

function outputOf(checkpoint: Checkpoint): Json {
  if (checkpoint.outcome.kind !== 'completed') {
    throw new Error(`it ${JSON.stringify(checkpoint.outcome)}`);
  }
  return checkpoint.outcome.output;
}

describe('an attempt', () => {
  test('that succeeds → a checkpoint with its output, names and times', async () => {
    let clock = 1_000;
    const on = await stage(
      [
        nodeType('double', (_context, config) => {
          clock += 5;
          return Promise.resolve({ twice: (config as { n: number }).n * 2 });
        }),
      ],
      { now: () => clock },
    );
    const task = taskOf('double', { config: { n: 21 } as Json, item: 3, attempt: 2 });
    // The schema of the type names no n, and allows it.
    await on.bus.publishTasks([task]);
    expect(await on.checkpointOf(task)).toEqual({
      taskId: task.id,
      runId: task.runId,
      step: 0,
      item: 3,
      attempt: 2,
      outcome: { kind: 'completed', output: { twice: 42 } },
      startedAt: 1_000,
      finishedAt: 1_005,
      runner: 'runner-1',
    });
  });

  test('→ sees its task, settings and time left', async () => {
    const on = await stage([
      nodeType('look', (context) => {
        const { task } = context;
        return Promise.resolve({
          key: task.idempotencyKey,
          stepId: task.stepId,
          left: context.timeoutMs,
          model: context.settings.llmModel,
          aborted: context.signal.aborted,
        });
      }),
    ]);
    const output = outputOf(await on.run('look', { stepId: 'peek', idempotencyKey: 'r.peek' }));
    expect(output).toMatchObject({ key: 'r.peek', stepId: 'peek', model: '', aborted: false });
    const { left } = output as { left: number };
    expect(left).toBeGreaterThan(29_000);
    expect(left).toBeLessThanOrEqual(30_000);
  });

  test('task acknowledged only when the checkpoint is stored', async () => {
    const on = await stage([nodeType('ok', () => Promise.resolve(1))]);
    let stored = false;
    const publish = on.bus.publishCheckpoints.bind(on.bus);
    const order: string[] = [];
    on.bus.publishCheckpoints = async (checkpoints) => {
      const missing = await on.bus.missingTasks([task]);
      order.push(missing.length === 0 ? 'held while publishing' : 'lost');
      await publish(checkpoints);
      stored = true;
    };
    const task = taskOf('ok');
    await on.bus.publishTasks([task]);
    await on.checkpointOf(task);
    expect(stored).toBe(true);
    expect(order).toEqual(['held while publishing']);
  });
});

/** What a handler in JavaScript may do, and TypeScript's rules forbid. */
const rejectWith = (reason: string): Promise<never> => Promise.reject(reason);

type Case = [name: string, make: () => unknown, expected: object];

describe('outcomes of a handler', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const returns: Case[] = [
    ['undefined', () => undefined, { output: null }],
    ['missing fields', () => ({ a: 1, b: undefined }), { output: { a: 1 } }],
    ['holes in a list', () => [1, undefined], { output: [1, null] }],
    ['NUL in text', () => 'a\0b', { output: 'a\uFFFDb' }],
    ['half a surrogate pair', () => ({ 'k\uD83D': 'v\uD83D' }), { output: { 'k\uFFFD': 'v\uFFFD' } }],
    ['a date', () => ({ at: new Date() }), { code: 'malformed_output', message: /at \.at is an instance of Date/ }],
    ['NaN', () => ({ rows: [{ n: NaN }] }), { code: 'malformed_output', message: /rows\[0\]\.n is the number NaN/ }],
    ['a function', () => () => 1, { code: 'malformed_output', message: /is a function/ }],
    ['a bigint', () => 1n, { code: 'malformed_output', message: /is a bigint/ }],
    ['a cycle', () => cyclic, { code: 'malformed_output', message: /contains itself/ }],
    ['too large', () => ({ text: 'x'.repeat(9_000) }), { code: 'limit', message: /larger than 9000 bytes/ }],
  ]; // prettier-ignore
  const throws: Case[] = [
    ['a retryable error', () => { throw new RetryableError('rate_limited', 'slow', { retryAfterMs: 7, details: { status: 429 } }); },
      { class: 'retryable', code: 'rate_limited', message: /^slow$/, retryAfterMs: 7, details: { status: 429 } }],
    ['a hard error', () => { throw new HardError('code', 'it threw'); }, { class: 'hard', code: 'code', message: /^it threw$/ }],
    ['an unknown error', () => { throw new TypeError('x is undefined'); }, { class: 'hard', code: 'internal', message: /x is undefined/ }],
    ['no error object', () => rejectWith('plain text'), { class: 'hard', code: 'internal', message: /plain text/ }],
    ['a long message', () => { throw new HardError('code', 'x'.repeat(100_000)); }, { code: 'code', message: /^x{8192}… \(100000 characters\)$/ }],
    ['large details', () => { throw new HardError('code', 'm', { details: 'x'.repeat(100_000) }); }, { code: 'code', details: { excerpt: /^"x{4095}$/ } }],
  ]; // prettier-ignore

  const later = async (make: () => unknown): Promise<Json> => (await make()) as Json;
  const atOnce = (make: () => unknown): Promise<Json> => make() as Promise<Json>;

  test.each(returns)('returns %s → as documented', (_name, make, expected) =>
    outcome(later, make, expected),
  );
  test.each(throws)('rejects with %s → as documented', (_name, make, expected) =>
    outcome(later, make, expected),
  );
  test.each(throws)('throws %s at once → the same', (_name, make, expected) =>
    outcome(atOnce, make, expected),
  );

  async function outcome(
    call: (make: () => unknown) => Promise<Json>,
    make: () => unknown,
    expected: object,
  ): Promise<void> {
    const limits = { maxOutputBytes: 9_000 };
    const on = await stage([nodeType('odd', () => call(make))], { limits });
    check((await on.run('odd')).outcome, expected);
  }

  function check(outcome: Checkpoint['outcome'], expected: object): void {
    const found = outcome.kind === 'failed' ? outcome.error : outcome;
    for (const [key, value] of Object.entries(expected)) {
      const actual = (found as unknown as Record<string, unknown>)[key];
      if (value instanceof RegExp) expect(actual).toMatch(value);
      else if (key === 'details' && 'excerpt' in (value as object)) {
        expect((actual as { excerpt: string }).excerpt).toMatch(
          (value as { excerpt: RegExp }).excerpt,
        );
      } else expect(actual).toEqual(value);
    }
  }
});

describe('preparing', () => {
  const url = { type: 'string', format: 'uri' };
  const schema = {
    type: 'object',
    required: ['url'],
    additionalProperties: false,
    properties: { url },
  };

  test('config that breaks the schema → hard invalid_input with each place, never run', async () => {
    let ran = false;
    const execute = (): Promise<Json> => {
      ran = true;
      return Promise.resolve(null);
    };
    const on = await stage([nodeType('fetch', execute, schema)]);
    const error = errorOf(await on.run('fetch', { config: { url: 'no uri', extra: 1 } }));
    expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
    expect(error.message).toMatch(/config\.url must match format "uri"/);
    expect(error.message).toMatch(/additional properties \(extra\)/);
    expect(ran).toBe(false);
  });

  test('a type that this runner has not → hard not_configured that names it and what it has', async () => {
    const on = await stage([nodeType('fetch', () => Promise.resolve(null))]);
    const error = errorOf(await on.run('render'));
    expect(error).toMatchObject({ class: 'hard', code: 'not_configured' });
    expect(error.message).toMatch(/render.*fetch/);
  });

  test('a missing secret → hard unauthorised that names it and where to put it', async () => {
    const on = await stage([nodeType('fetch', () => Promise.resolve(null))]);
    const deferred = [{ path: ['key'], parts: [{ secret: 'secrets.api_key' }] }];
    const error = errorOf(await on.run('fetch', { config: { key: null }, deferred }));
    expect(error).toMatchObject({ class: 'hard', code: 'unauthorised' });
    expect(error.message).toMatch(/secret api_key.*BEHEST_SECRET_API_KEY.*BEHEST_SECRETS_DIR/);
  });

  test('secrets → reach the handler in clear, and nothing that leaves the runner', async () => {
    const secret = 's3cr3t/with+odd chars';
    const forms = [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret),
      Buffer.from(`user:${secret}`).toString('base64'), Buffer.from(secret).toString('hex'),
      JSON.stringify(`"${secret}"`), new URLSearchParams({ q: secret }).toString()]; // prettier-ignore
    let seen: Json = null;
    const handler = (context: StepContext, config: Json): Promise<Json> => {
      seen = config;
      context.log('info', `calling with ${secret}`, { entityTag: secret });
      for (const form of forms) context.log('warn', form);
      if ((config as { fail: boolean }).fail) {
        throw new HardError('code', `401 for ${forms.join(' ')}`, { details: { [secret]: forms } });
      }
      return Promise.resolve({ echo: forms, [secret]: 1 });
    };
    const on = await stage([nodeType('call', handler)], {
      secrets: (name) => (name === 'key' ? secret : undefined),
      settings: { ...settings, llmApiKey: 'sk-operator-key' },
    });
    const deferred = [{ path: ['auth'], parts: [{ text: 'Bearer ' }, { secret: 'secrets.key' }] }];
    const done = await on.run('call', { config: { auth: null, fail: false }, deferred });
    expect(seen).toEqual({ auth: `Bearer ${secret}`, fail: false });
    const failed = await on.run('call', { config: { auth: null, fail: true }, deferred });
    await on.runner.drain(1_000);
    const left = JSON.stringify([done, failed, on.activity, on.logged]);
    for (const form of [...forms.slice(0, 3), 's3cr3t']) expect(left).not.toContain(form);
    // The part of `user:secret` in base64 that does not depend on the user.
    expect(left).not.toContain(Buffer.from(`user:${secret}`).toString('base64').slice(8, 20));
    expect(left).not.toContain(Buffer.from(secret).toString('hex'));
    expect(on.activity.length).toBe(2 * (forms.length + 1));
    expect(outputOf(done)).toMatchObject({ '[redacted]': 1 });
  });

  test('files → are fetched once each, and by name only those of the version', async () => {
    const store = memoryBlobs();
    const digest = await store.put(Buffer.from('print(1)'));
    let fetched = 0;
    const get = store.get.bind(store);
    store.get = (name) => {
      fetched += 1;
      return get(name);
    };
    const on = await stage([
      nodeType('read', async (context, config) => {
        const { path } = config as { path: string };
        return Buffer.from(await context.readFile(path)).toString();
      }),
    ]);
    await on.bus.serveBlobs(store);
    const files = { 'main.py': digest };
    const config: Json = { path: 'main.py' };
    const both = await Promise.all([
      on.run('read', { files, config }),
      on.run('read', { files, config }),
    ]);
    expect(both.map(outputOf)).toEqual(['print(1)', 'print(1)']);
    expect(fetched).toBe(1);
    for (const path of ['../etc/passwd', 'toString', '__proto__']) {
      const error = errorOf(await on.run('read', { files, config: { path } }));
      expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
      expect(error.message).toContain('main.py');
    }
    const away = { 'main.py': 'ff'.repeat(32) };
    const error = errorOf(await on.run('read', { files: away, config }));
    expect(error).toMatchObject({ class: 'retryable', code: 'transient' });
  });
});
