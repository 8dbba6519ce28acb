import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/graph/graph.ts';
import { sampleGraph } from '../engine/sample-graph.ts';
import { revisionChange, workflowChange } from '../store/samples.ts';
import { CalmWorld } from './calm-world.ts';
import type { MemoryStore } from './memory-store.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { takeOverFanOut } from './take-over-fan-out.ts';

function childStep(workflow: string): Partial<Step> {
  return { type: 'workflow', config: { workflow, input: {} } };
}

/** A parent waits for its child while this happens to the child's workflow, and is loaded anew. */
async function outlives(happen: (store: MemoryStore) => void): Promise<void> {
  const world = new CalmWorld({
    parent: sampleGraph([childStep('child')]),
    child: sampleGraph([{}]),
  });
  world.stepMs = 20_000;
  const first = world.controller();
  const id = world.run('parent');
  expect(await world.until(() => world.store.childrenOf(id).length === 1)).toBe(true);
  happen(world.store);
  first.crash();
  world.controller();
  world.runner();
  expect(await world.ends(id)).toBe(true);
  expect(world.store.run(id)?.status).toBe('completed');
}

describe('the run loop in a calm world', () => {
  test('resume conditions take long to check → the loop waits meanwhile, without spinning', async () => {
    const when = [{ http: 'http://probe.test/' }];
    const resume = { everyMs: 10_000, maxAttempts: 5, when };
    const world = new CalmWorld({ flow: sampleGraph([{}], { resume }) });
    world.probeMs = 60_000;
    world.controller();
    world.runner(1);
    const id = world.run('flow');
    expect(await world.ends(id, 5000)).toBe(true);
    expect(world.store.run(id)?.status).toBe('completed');
  });

  test('a controller is replaced while an item waits for its retry → maxParallel is kept', async () => {
    const { world, id } = await takeOverFanOut();
    expect(world.began).toEqual(['0.0.1', '0.1.1']);
    world.stepMs = 0;
    expect(await world.ends(id)).toBe(true);
    expect(world.began.slice(2).toSorted()).toEqual(['0.0.2', '0.1.2']);
    expect(world.checker.violations).toEqual([]);
  });

  test('a run is cancelled after its controller was replaced → a retry under way is told', async () => {
    const retry = { maxAttempts: 3, initialDelayMs: 100, maxDelayMs: 100, factor: 1, jitter: 0 };
    const world = new CalmWorld({ flow: sampleGraph([{ retry }]) });
    const first = world.controller();
    world.runner(1);
    const id = world.run('flow');
    expect(await world.until(() => world.began.length === 1)).toBe(true);
    world.stepMs = 250_000;
    expect(await world.until(() => world.began.length === 2)).toBe(true);
    first.crash();
    const request = { id: 'stop', runId: id, createdAt: world.timeline.now, by: 'me' };
    world.store.addRequest({ ...request, body: { kind: 'cancel', reason: '' } });
    world.controller();
    expect(await world.ends(id)).toBe(true);
    const heard = () => world.heard.includes(`${id}.0.-1.2`);
    expect(await world.until(heard, 200)).toBe(true);
  });

  test('the transport loses a task that waits → it is sent again before the next recheck', async () => {
    const world = new CalmWorld({ flow: sampleGraph([{}]) });
    world.controller();
    const id = world.run('flow');
    const isQueued = () => world.transport.tasks.has(`${id}.0.-1.1`);
    expect(await world.until(isQueued)).toBe(true);
    world.transport.vanish();
    expect(isQueued()).toBe(false);
    await world.pass(10_000);
    expect(isQueued()).toBe(true);
  });

  test('a run was moved on by another controller, its task is lost → its own sends it at the next recheck', async () => {
    const second: Partial<Step> = { needs: [{ from: 0, branch: null }] };
    const world = new CalmWorld({ flow: sampleGraph([{}, second]) });
    world.controller();
    world.controller();
    const runs = Array.from({ length: 8 }, () => world.run('flow'));
    const areQueued = (step: number) =>
      runs.every((id) => world.transport.tasks.has(`${id}.${step}.-1.1`));
    expect(await world.until(() => areQueued(0))).toBe(true);
    world.transport.tasks.vanish();
    // Stored, they come to any controller, not only to the one that has the run at hand.
    await world.storeEnds(runs);
    expect(await world.until(() => areQueued(1))).toBe(true);
    world.transport.tasks.vanish();
    await world.pass(35_000);
    expect(areQueued(1)).toBe(true);
  });

  test('a version does not compile → the other runs go on, and it is told', async () => {
    const bad = sampleGraph([{ when: 'this is (no condition' }]);
    const world = new CalmWorld({ bad, good: sampleGraph([{}]) });
    const broken = world.run('bad');
    const good = world.run('good');
    world.controller();
    world.runner();
    expect(await world.ends(good)).toBe(true);
    expect(world.store.run(broken)?.status).toBe('pending');
    expect(world.logged).toContain('run.load_failed');
  });

  test('the store fails while a child is being started → nothing is forgotten', async () => {
    const parent = sampleGraph([{}, { ...childStep('child'), needs: [{ from: 0, branch: null }] }]);
    const world = new CalmWorld({ parent, child: sampleGraph([{}]) });
    const ledger = world.ledger(new SimulatedProcess('controller'));
    const findWorkflows = ledger.findWorkflows.bind(ledger);
    let failures = 3;
    ledger.findWorkflows = (refs) => {
      failures -= 1;
      return failures < 0 ? findWorkflows(refs) : Promise.reject(new Error('away'));
    };
    world.controller({ ledger });
    world.runner();
    const id = world.run('parent');
    expect(await world.ends(id)).toBe(true);
    expect(failures).toBeLessThan(0);
    expect(world.store.run(id)?.status).toBe('completed');
  });

  test('a child runs, its workflow is pruned, the controller is replaced → the parent still ends', async () => {
    const gone = { namespace: 'default', kind: 'Workflow', name: 'child' };
    const entry = { ...gone, file: '', digest: '', keep: false };
    await outlives((store) => store.applyRevision(revisionChange({ pruned: [entry] })));
  });

  test('a child runs, its next version wants other input, … → the parent still ends', async () => {
    const input = { type: 'object', required: ['url'] };
    const child = workflowChange({
      name: 'child',
      graph: sampleGraph([{}], { input }),
      digest: '2',
    });
    await outlives((store) => store.applyRevision(revisionChange({ workflows: [child] })));
  });

  test('the newest version of a child does not compile → only its step fails', async () => {
    const world = new CalmWorld({
      parent: sampleGraph([childStep('bad')]),
      bad: sampleGraph([{ when: 'this is (no condition' }]),
    });
    world.controller();
    const id = world.run('parent');
    expect(await world.ends(id)).toBe(true);
    expect(world.store.run(id)).toMatchObject({ status: 'failed', error: { code: 'internal' } });
  });

  test('a child ends → its step tells when it began', async () => {
    const world = new CalmWorld({
      parent: sampleGraph([childStep('child')]),
      child: sampleGraph([{ type: 'wait', config: { duration: '7s' } }]),
    });
    world.controller();
    const id = world.run('parent');
    expect(await world.ends(id)).toBe(true);
    const [loaded] = world.store.loadRuns([id]);
    const end = loaded?.facts.map(({ fact }) => fact).find(({ kind }) => kind === 'attempt');
    if (end?.kind !== 'attempt') throw new Error('no attempt was recorded');
    expect(end.finishedAt - end.startedAt).toBeGreaterThanOrEqual(7000);
  });
});
