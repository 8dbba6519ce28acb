import { toJsonString } from '@bufbuild/protobuf';
import { Code, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RunEventSchema, type RunEvent } from '../../src/gen/behest/v1/event_pb.ts';
import { RunService } from '../../src/gen/behest/v1/run_service_pb.ts';
import { isTransient } from '../../src/store/transient.ts';
import { until } from '../services/until.ts';
import { callRest, startApiRig, TOKEN, type ApiRig } from './api-rig.ts';

let api: ApiRig;
let runId: string;
let reads = 0;
const gates = new Map<string, PromiseWithResolvers<void>>();

beforeAll(async () => {
  api = await startApiRig({
    isAway: isTransient,
    onInternalError: (error) => failures.push(error),
  });
  const { library } = api.rig.store;
  const factsSince = library.factsSince.bind(library);
  library.factsSince = (...args) => {
    reads += 1;
    return factsSince(...args);
  };
  const newsOf = library.newsOf.bind(library);
  library.newsOf = (...args) => {
    reads += 1;
    return newsOf(...args);
  };
  api.rig.behaviours['chatty'] = (context) => {
    for (let n = 0; n < 3; n += 1)
      context.log(n === 2 ? 'warn' : 'info', `line ${n}`, { entityTag: `P-10${n}` });
    context.progress(0.5, 'half way');
    return { said: 3 };
  };
  api.rig.behaviours['gated'] = async (context) => {
    await gateOf(context.task.runId).promise;
    return 'open';
  };
  const chatty = (id: string) => ({ id, type: 'act', config: { do: 'chatty' } });
  await api.rig.register('chatty', ['a', 'b', 'c'].map(chatty));
  await api.rig.register('gated', [{ id: 'gate', type: 'act', config: { do: 'gated' } }]);
  runId = await api.execute('chatty');
  await api.rig.status(runId, 'completed');
  await until('all log lines are stored', async () => {
    const { json } = await api.call('GET', `/api/v1/jobs/${runId}/logs`);
    return json.logs.length === 12 ? true : undefined;
  });
});
afterAll(() => api?.stop());

/** The step may be there before we know the run's id. */
function gateOf(id: string): PromiseWithResolvers<void> {
  const gate = gates.get(id) ?? Promise.withResolvers<void>();
  gates.set(id, gate);
  return gate;
}

async function gatedRun(): Promise<{ id: string; open(): void }> {
  const id = await api.execute('gated');
  return { id, open: () => gateOf(id).resolve() };
}

/** The server's log. */
const failures: unknown[] = [];
const client = () => createClient(RunService, createGrpcTransport({ baseUrl: api.server.url }));

async function watch(id: string, cursor = ''): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of client().watchRun({ runId: id, cursor })) events.push(event);
  return events;
}

interface SseEvent {
  readonly event: string;
  readonly id: string;
  readonly data: { [key: string]: unknown };
}

function parseSse(text: string): SseEvent[] {
  const blocks = text.split('\n\n').filter((block) => block.includes('data:'));
  return blocks.map((block) => {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
    return { event: field('event'), id: field('id'), data: JSON.parse(field('data')) };
  });
}

async function sse(path: string, headers: { [name: string]: string } = {}): Promise<Response> {
  return await fetch(`${api.server.url}${path}`, { headers });
}

describe('a watch of a finished run', () => {
  test('tells everything once, and the end last', async () => {
    const events = await watch(runId);
    const cases = events.map(({ event }) => event.case);
    expect(cases.at(-1)).toBe('complete');
    expect(cases.filter((each) => each === 'checkpoint')).toHaveLength(3);
    expect(cases.filter((each) => each === 'log')).toHaveLength(9);
    expect(cases.filter((each) => each === 'complete')).toHaveLength(1);
    expect(new Set(events.map(({ cursor }) => cursor)).size).toBe(events.length);
  });

  test('resumed at every cursor → exactly the rest, without loss or repetition', async () => {
    const all = await watch(runId);
    const key = (event: RunEvent): string => toJsonString(RunEventSchema, { ...event, cursor: '' });
    for (const [index, event] of all.entries()) {
      const rest = await watch(runId, event.cursor);
      expect(rest.map(key).toSorted()).toEqual(
        all
          .slice(index + 1)
          .map(key)
          .toSorted(),
      );
    }
  });

  test('SSE resumes by Last-Event-ID, and at the end answers 204', async () => {
    const path = `/jobs/${runId}/stream`;
    const all = parseSse(await (await sse(path)).text());
    const middle = all[4]!;
    const rest = parseSse(await (await sse(path, { 'last-event-id': middle.id })).text());
    expect(rest.length).toBe(all.length - 5);
    const after = await sse(path, { 'last-event-id': all.at(-1)!.id });
    expect(after.status).toBe(204);
  });

  test('a progress entry of a step is a progress event', async () => {
    const all = parseSse(await (await sse(`/jobs/${runId}/stream`)).text());
    const own = all.find(
      ({ event, data }) => event === 'progress' && data['step_progress'] !== undefined,
    );
    expect(own?.data).toMatchObject({ step_progress: 0.5, message: 'half way' });
  });

  test('NDJSON for who accepts it: one whole event a line', async () => {
    const answer = await sse(`/jobs/${runId}/stream`, { accept: 'application/x-ndjson' });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await answer.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ run_id: runId, complete: { result: { c: { said: 3 } } } });
    expect(lines).toHaveLength((await watch(runId)).length);
  });

  test('an unknown run is 404, a foreign cursor 400, before the stream begins', async () => {
    const unknown = '00000000-0000-7000-8000-000000000000';
    expect((await sse(`/jobs/${unknown}/stream`)).status).toBe(404);
    const foreign = await sse(`/jobs/${runId}/stream`, { 'last-event-id': 'mine' });
    expect(foreign.status).toBe(400);
    expect(await foreign.json()).toMatchObject({ violations: [{ field: 'cursor' }] });
  });
});

describe('a watch of a run under way', () => {
  test('shows what happens when it happens, and ends with the run', async () => {
    const run = await gatedRun();
    const seen: (string | undefined)[] = [];
    for await (const { event } of client().watchRun({ runId: run.id })) {
      seen.push(event.case);
      if (event.case === 'status') run.open();
    }
    expect(seen).toEqual(['progress', 'status', 'checkpoint', 'complete']);
  });

  test('a hundred watchers of one run read the ledger no more often than a few', async () => {
    const run = await gatedRun();
    await api.rig.status(run.id, 'running');
    const before = reads;
    const watchers = Array.from({ length: 100 }, () => sse(`/jobs/${run.id}/stream`));
    const answers = await Promise.all(watchers);
    run.open();
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(texts).size).toBe(1);
    expect(parseSse(texts[0]!).at(-1)!.event).toBe('complete');
    // One reading when the first comes, then one for each signal and poll.
    expect(reads - before).toBeLessThan(20);
  });

  test('a lost signal is made up for by the poll', async () => {
    const run = await gatedRun();
    const answer = await sse(`/jobs/${run.id}/stream`);
    const broadcast = api.rig.bus.broadcast.bind(api.rig.bus);
    api.rig.bus.broadcast = (signal) => {
      if (signal.kind !== 'changed') broadcast(signal);
    };
    run.open();
    expect(parseSse(await answer.text()).at(-1)!.event).toBe('complete');
    api.rig.bus.broadcast = broadcast;
  });
});

describe('logs', () => {
  test('are paged, filtered by step and level', async () => {
    const path = `/api/v1/jobs/${runId}/logs`;
    const { json } = await api.call('GET', `${path}?step=b&level=warn`);
    expect(json.logs).toHaveLength(1);
    expect(json.logs[0]).toMatchObject({
      level: 'warn',
      message: 'line 2',
      step_id: 'b',
      entity_tag: 'P-102',
    });
    const byIndex = await api.call('GET', `${path}?step=1&level=WARN`);
    expect(byIndex.json.logs).toEqual(json.logs);
    const first = await api.call('GET', `${path}?page_size=7`);
    const second = await api.call(
      'GET',
      `${path}?page_size=7&page_token=${first.json.next_page_token}`,
    );
    expect([first.json.logs.length, second.json.logs.length]).toEqual([7, 5]);
    const wrong = await api.call('GET', `${path}?step=nowhere`);
    expect([wrong.status, wrong.json.violations[0].field]).toEqual([400, 'step']);
  });

  test('follow=true streams them, from a cursor on', async () => {
    const path = `/api/v1/jobs/${runId}/logs?follow=true`;
    const all = parseSse(await (await sse(path)).text());
    expect(all).toHaveLength(12);
    const rest = parseSse(await (await sse(path, { 'last-event-id': all[9]!.id })).text());
    expect(rest.map(({ data }) => data)).toEqual(all.slice(10).map(({ data }) => data));
    const plain = await callRest(api.server.url, {
      method: 'GET',
      path: `/api/v1/jobs/${runId}/logs`,
      token: TOKEN,
    });
    expect(plain.json.logs).toHaveLength(12);
  });
});

describe('a watch that fails after it began', () => {
  const boom = new Error('secret of the inside');
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  test.each([
    { what: 'a defect of ours', error: boom, code: Code.Internal, said: /its log says why/ },
    { what: 'no database', error: away, code: Code.Unavailable, said: /ask again/ },
  ])('$what → told as such, and logged', async ({ error, code, said }) => {
    const { id, open } = await gatedRun();
    const events = client().watchRun({ runId: id })[Symbol.asyncIterator]();
    await events.next();
    const spy = vi.spyOn(api.rig.store.library, 'newsOf').mockRejectedValue(error);
    const rest = async (): Promise<void> => {
      while ((await events.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject({ code, rawMessage: expect.stringMatching(said) });
    expect(failures).toContain(error);
    spy.mockRestore();
    open();
  });
});
