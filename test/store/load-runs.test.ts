import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunRequest } from '../../src/record/run.ts';
import type { WorkflowRecord } from '../../src/record/workflow.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { freshDatabase } from '../services/postgres.ts';
import { changeOf, newRun, registerWorkflow } from './samples.ts';

let store: Store;
let workflow: WorkflowRecord;
beforeAll(async () => {
  store = await openStore(await freshDatabase());
  workflow = await registerWorkflow(store.ledger);
});
afterAll(() => store?.close());

function requestOf(runId: string, number: number): RunRequest {
  const body = { kind: 'cancel', reason: `"\u0000 ${number}` } as const;
  return { id: `${runId}.${number}`, runId, createdAt: 10 - number, by: 'ü"\\', body };
}

test('runs and their requests → the same requests as asked for alone, oldest first', async () => {
  const runs = await store.ledger.createRuns([newRun(workflow), newRun(workflow)]);
  const [first, second] = runs.map(({ id }) => id);
  const requests = [0, 1, 2].map((number) => requestOf(first!, number));
  for (const request of requests) await store.ledger.addRequest(request);
  const loaded = await store.ledger.loadRuns([second!, first!]);
  const found = new Map(loaded.map((one) => [one.run.id, one.requests]));
  expect(found.get(first!)).toEqual(requests.toReversed());
  expect(found.get(first!)).toEqual(await store.ledger.loadRequests([first!]));
  expect(found.get(second!)).toEqual([]);
});

test('a run is loaded while its request is answered → it is there with the old seq or not at all', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    const run = newRun(workflow);
    await store.ledger.createRuns([run]);
    const request = requestOf(run.id, 0);
    await store.ledger.addRequest(request);
    const answer = changeOf(
      { id: run.id, seq: 0 },
      { facts: [{ kind: 'started', at: 1 }], answered: [request.id] },
    );
    const load = () => store.ledger.loadRuns([run.id]);
    const before = await load();
    const [, ...meanwhile] = await Promise.all([
      store.ledger.commitRuns([answer]),
      ...Array.from({ length: 8 }, load),
    ]);
    const loads = [before, ...meanwhile, await load()];
    for (const [one] of loads) {
      seen.add(`seq ${one!.run.seq}, ${one!.facts.length} facts, ${one!.requests.length} requests`);
    }
  }
  expect([...seen].toSorted()).toEqual([
    'seq 0, 0 facts, 1 requests',
    'seq 1, 1 facts, 0 requests',
  ]);
});
