import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunRecord } from '../../src/record/run.ts';
import { newRun } from '../store/samples.ts';
import { Rig } from './rig.ts';

let rig: Rig;
/** How often the one step was executed. */
let made: number;
beforeEach(async () => {
  rig = await Rig.start();
  made = 0;
  rig.behaviours['count'] = () => {
    made += 1;
    return null;
  };
});
afterEach(async () => {
  await rig.stop();
});

/** A run that no controller has heard of. */
async function create(step: { do: string } = { do: 'count' }): Promise<RunRecord> {
  await rig.register('one', [{ id: 'a', type: 'act', config: step }]);
  const [workflow] = await rig.ledger.findWorkflows([{ namespace: 'default', name: 'one' }]);
  const [run] = await rig.ledger.createRuns([newRun(workflow!)]);
  return run!;
}

function nudge(run: RunRecord): void {
  rig.bus.broadcast({ kind: 'nudge', runIds: [run.id], created: [run] });
}

/** Until every nudge before has been looked at: runs of a lane are taken in order. */
async function settled(): Promise<void> {
  const others = Array.from({ length: 10 }, () => rig.startRun('one'));
  for (const id of await Promise.all(others)) await rig.status(id, 'completed');
}

/** A busy machine is slow enough for a sweep to find the run before its nudge does. */
function stopSweeps(): void {
  vi.spyOn(rig.store.ledger, 'neglectedRuns').mockResolvedValue([]);
  vi.spyOn(rig.store.ledger, 'unfinishedRuns').mockResolvedValue([]);
}

test('a nudge brings the record of its run → the run ends and was never read', async () => {
  stopSweeps();
  const run = await create();
  const load = vi.spyOn(rig.store.ledger, 'loadRuns');
  const requests = vi.spyOn(rig.store.ledger, 'loadRequests');
  nudge(run);
  await expect.poll(() => rig.store.library.getRun(run.id)).toMatchObject({ status: 'completed' });
  expect(load).not.toHaveBeenCalled();
  expect(requests).not.toHaveBeenCalled();
  expect(made).toBe(1);
});

test('the record comes again when the run has ended → nothing moves', async () => {
  const run = await create();
  nudge(run);
  const ended = await rig.status(run.id, 'completed');
  nudge(run);
  nudge(run);
  await settled();
  expect(await rig.run(run.id)).toEqual(ended);
  expect(made).toBe(11);
});

test('another controller is at it when the record comes → it is refused, each step runs once', async () => {
  let finish = (): void => undefined;
  const finished = new Promise<void>((done) => (finish = done));
  rig.behaviours['long'] = async () => {
    made += 1;
    await finished;
    return null;
  };
  const run = await create({ do: 'long' });
  nudge(run);
  await expect.poll(() => made).toBe(1);
  // Has nothing in its cache: only the hint, which is no longer true.
  await rig.addController();
  const commits = vi.spyOn(rig.store.ledger, 'commitRuns');
  nudge(run);
  await expect
    .poll(() => commits.mock.settledResults.map(({ value }) => value))
    .toContainEqual(new Set());
  finish();
  await rig.status(run.id, 'completed');
  expect(made).toBe(1);
});

test('a request waits that nobody told of → found by the sweep though the record said none', async () => {
  rig.behaviours['hang'] = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const run = await create({ do: 'hang' });
  const body = { kind: 'cancel', reason: 'changed my mind' } as const;
  await rig.ledger.addRequest({ id: run.id, runId: run.id, createdAt: 1, by: 'me', body });
  nudge(run);
  await rig.status(run.id, 'cancelled');
});
