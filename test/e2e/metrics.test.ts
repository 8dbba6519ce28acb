import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../services/until.ts';
import { Server } from './behest-process.ts';

let folder: string;
let server: Server | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-e2e-'));
});
afterEach(async () => {
  await server?.stop();
  server = null;
  await rm(folder, { recursive: true, force: true });
});

const manifest = `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: twice }
spec:
  triggers: [{ name: once, apply: {} }]
  steps:
    - { id: one, type: transform, config: { output: a } }
    - { id: two, type: transform, config: { output: "{{ one.output }}" } }
`;

test('a run has ended → /metrics counts it, its attempts, the look at its source and the call', async () => {
  const dir = join(folder, 'flows');
  await mkdir(dir);
  await writeFile(join(dir, 'twice.yaml'), manifest);
  server = await Server.start(folder, { BEHEST_SOURCE: dir });
  const read = async () => await (await fetch(`${server!.url}/metrics`)).text();
  await server.get('/api/v1/sources');
  const text = await until('the run is counted', async () => {
    const page = await read();
    return page.includes('behest_runs_finished_total{workflow="twice"') ? page : undefined;
  });
  for (const line of [
    'behest_runs_started_total{workflow="twice"} 1',
    'behest_runs_finished_total{workflow="twice",status="completed"} 1',
    'behest_step_attempt_duration_seconds_count{type="transform",outcome="completed"} 2',
    'behest_reconcile_duration_seconds_count{source="flows",outcome="applied"} 1',
    'behest_api_request_duration_seconds_count{rpc="ListSources",code="ok"} ',
    'behest_stuck_runs 0',
  ]) {
    expect(text).toContain(line);
  }
  expect(Number(/^behest_facts_total (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(4);
}, 60_000);
