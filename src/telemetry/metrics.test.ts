import perfHooks from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';

import { openMetrics } from './metrics.ts';

it('what the rooms report → the text of /metrics', async () => {
  const { metrics, page } = openMetrics();
  metrics.runStarted('import');
  metrics.runFinished('import', 'failed');
  metrics.attemptFinished('http', 'failed_retryable', 250);
  metrics.batchCommitted({ runs: 3, facts: 9 }, 4);
  metrics.reconciled('flows', 'applied', 20);
  metrics.stuckRuns(2);
  metrics.answered('GetRun', 'not_found', 3);
  const text = await page.read();
  for (const line of [
    'behest_runs_started_total{workflow="import"} 1',
    'behest_runs_finished_total{workflow="import",status="failed"} 1',
    'behest_step_attempt_duration_seconds_sum{type="http",outcome="failed_retryable"} 0.25',
    'behest_commit_runs_sum 3',
    'behest_facts_total 9',
    'behest_commit_duration_seconds_sum 0.004',
    'behest_reconcile_duration_seconds_sum{source="flows",outcome="applied"} 0.02',
    'behest_stuck_runs 2',
    'behest_api_request_duration_seconds_sum{rpc="GetRun",code="not_found"} 0.003',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).toContain('nodejs_');
});

it('two servers in one process → counters of their own', async () => {
  const one = openMetrics();
  const two = openMetrics();
  one.metrics.runStarted('a');
  expect(await two.page.read()).not.toContain('workflow="a"');
});

it('an idle process → is not woken to measure its event loop, which tells how busy it was', async () => {
  const spy = vi.spyOn(perfHooks, 'monitorEventLoopDelay');
  const { page } = openMetrics();
  expect(spy.mock.calls).toEqual([[{ resolution: 2 ** 31 - 1 }]]);
  spy.mockRestore();
  await page.read();
  await sleep(20);
  const text = await page.read();
  expect(text).not.toContain('nodejs_eventloop_lag_p99_seconds');
  const busy = Number(/^nodejs_eventloop_utilization (\S+)$/m.exec(text)?.[1]);
  expect(busy).toBeGreaterThanOrEqual(0);
  expect(busy).toBeLessThanOrEqual(1);
});
