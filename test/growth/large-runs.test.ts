import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Narrator } from '../../src/engine/narrate.ts';
import { initialState } from '../../src/engine/state.ts';
import { build } from '../../src/graph/build.ts';
import { compile } from '../../src/graph/compile.ts';
import type { StepSpec } from '../../src/graph/spec.ts';
import { NO_ITEM } from '../../src/task/task.ts';
import { startApiRig, type ApiRig } from '../api/api-rig.ts';
import { until } from '../services/until.ts';

const LONG = 3000;
const WIDE = 20_000;

function chain(count: number, type: string): StepSpec[] {
  return Array.from({ length: count }, (_, n) => ({ id: `s${n}`, type, config: { do: 'echo' } }));
}

describe('what one more fact costs a watcher', () => {
  const traits = { runsIn: 'runner', timeoutMs: 1000, fileKeys: [], verbatimKeys: [] } as const;
  const options = { nodeTypes: new Map([['act', traits]]), files: {} };
  const identity = { id: 'r', namespace: 'n', workflow: 'w', versionNumber: 1, createdAt: 0 };

  function looksAtSteps(count: number): number {
    const { graph, problems } = build({ steps: chain(count, 'act') }, options);
    if (graph === null) throw new Error(JSON.stringify(problems));
    const program = compile(graph);
    let looks = 0;
    const state = initialState(program, identity, {});
    const steps = new Proxy(state.steps, {
      get: (target, key, receiver) => {
        looks += 1;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    const narrator = new Narrator(program, { ...state, steps });
    narrator.tell({ seq: 1, fact: { kind: 'started', at: 1 } });
    looks = 0;
    const told = narrator.tell({
      seq: 2,
      fact: {
        kind: 'attempt',
        at: 2,
        step: 0,
        item: NO_ITEM,
        attempt: 1,
        outcome: { kind: 'completed', output: 1 },
        branch: null,
        startedAt: 1,
        finishedAt: 2,
        runner: '',
      },
    });
    expect(told.map(({ kind }) => kind)).toContain('checkpoint');
    expect(narrator.progress()).toBeCloseTo(100 / count, 0);
    return looks;
  }

  test('does not depend on the length of the run', () => {
    const few = looksAtSteps(10);
    expect(few).toBeGreaterThan(0);
    expect(looksAtSteps(5000)).toBe(few);
  });
});

describe('through the API', () => {
  let api: ApiRig;
  beforeAll(async () => {
    api = await startApiRig();
    api.rig.behaviours['echo'] = ({ task }) => (task.item < 0 ? task.stepId : task.item);
    await api.rig.register('long', chain(LONG, 'act'));
    const fan = { forEach: '{{ range(input.count) }}', config: { do: 'echo' } };
    await api.rig.register('wide', [{ id: 'each', type: 'act', ...fan }]);
  });
  afterAll(() => api?.stop());

  async function completed(workflow: string, input: { count: number } | object): Promise<string> {
    const id = await api.execute(workflow, { ...input });
    await until(
      'the run completes',
      async () => {
        const { json } = await api.call('GET', '/api/v1/jobs?page_size=5');
        const run = json.runs.find((each: { id: string }) => each.id === id);
        if (run.status === 'failed') throw new Error(JSON.stringify(run.error));
        return run.status === 'completed' ? true : undefined;
      },
      { timeoutMs: 90_000 },
    );
    return id;
  }

  /** Cursors and kinds of everything that a watcher is told. */
  async function watch(id: string, cursor = ''): Promise<{ id: string; kind: string }[]> {
    const headers: Record<string, string> = cursor === '' ? {} : { 'last-event-id': cursor };
    const answer = await fetch(`${api.server.url}/jobs/${id}/stream`, { headers });
    const text = await answer.text();
    return [...text.matchAll(/^event: (.*)\nid: (.*)$/gm)].map(([, kind = '', at = '']) => ({
      id: at,
      kind,
    }));
  }

  /** All of it once, by two watchers at a time, and from the middle on. */
  async function expectTold(runId: string, checkpoints: number): Promise<void> {
    const [one, two] = await Promise.all([watch(runId), watch(runId)]);
    expect(one.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(checkpoints);
    expect(new Set(one.map(({ id }) => id)).size).toBe(one.length);
    expect(one.at(-1)?.kind).toBe('complete');
    expect(two).toEqual(one);
    const middle = Math.floor(one.length / 2);
    expect(await watch(runId, one[middle]!.id)).toEqual(one.slice(middle + 1));
  }

  test(`a run of ${LONG} steps → every read answers, and a watcher is told all`, async () => {
    const id = await completed('long', {});
    const { json: run } = await api.call('GET', `/api/v1/jobs/${id}`);
    expect(run.steps).toHaveLength(LONG);
    const { json: execution } = await api.call('GET', `/workflows/execution/${id}`);
    expect(execution.current_step).toBe(LONG);
    expect(Object.keys(execution.checkpoints)).toHaveLength(LONG);
    await expectTold(id, LONG);
  }, 120_000);

  test(`a fan-out of ${WIDE} → every read answers, and a watcher is told all`, async () => {
    const id = await completed('wide', { count: WIDE });
    const { json: run } = await api.call('GET', `/api/v1/jobs/${id}`);
    expect(run.steps[0].items).toMatchObject({ total: WIDE, completed: WIDE });
    expect(run.steps[0].output.at(-1)).toBe(WIDE - 1);
    await expectTold(id, WIDE);
  }, 120_000);
});
