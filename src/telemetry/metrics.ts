import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What the rooms report of themselves; Prometheus names are in docs/operations. Times are ms. */
export interface Metrics {
  runStarted(workflow: string): void;
  runFinished(workflow: string, status: 'completed' | 'failed' | 'cancelled'): void;
  attemptFinished(type: string, outcome: AttemptOutcome, tookMs: number): void;
  batchCommitted(batch: { readonly runs: number; readonly facts: number }, tookMs: number): void;
  reconciled(source: string, outcome: ReconcileOutcome, tookMs: number): void;
  /** Runs that should have moved by now and did not: must be 0. */
  stuckRuns(count: number): void;
}

export type AttemptOutcome = 'completed' | 'failed_retryable' | 'failed_hard' | 'cancelled';
export type ReconcileOutcome = 'applied' | 'unchanged' | 'invalid' | 'fetch_failed' | 'stalled';

/** How calls of the API ended: `code` is a gRPC status in lower case. */
export interface ApiMetrics {
  answered(rpc: string, code: string, tookMs: number): void;
}

export interface MetricsPage {
  readonly contentType: string;
  /** The text of `/metrics`. */
  read(): Promise<string>;
}

export interface OpenMetrics {
  readonly metrics: Metrics & ApiMetrics;
  readonly page: MetricsPage;
}

const seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600];
const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** A registry of its own, so that two servers in one process do not add up. */
export function openMetrics(): OpenMetrics {
  const registry = new Registry();
  processMetrics(registry);
  return {
    metrics: { ...runMetrics(registry), ...loopMetrics(registry), ...apiMetrics(registry) },
    page: { contentType: registry.contentType, read: () => registry.metrics() },
  };
}

/** The longest that a timer of libuv takes: 24 days. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * The library measures the delay of the event loop by waking the process a hundred times a second,
 * which is most of what an idle one costs. How busy the loop is tells the same and is counted by
 * Node itself.
 */
function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const each of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']) {
    registry.removeSingleMetric(`nodejs_eventloop_lag_${each}_seconds`);
  }
  let before = performance.eventLoopUtilization();
  const busy = new Gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Part of the time since the last scrape that the event loop was busy, 0 to 1.',
    registers: [registry],
    collect: () => {
      const now = performance.eventLoopUtilization();
      busy.set(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    },
  });
}

function runMetrics(
  registry: Registry,
): Pick<Metrics, 'runStarted' | 'runFinished' | 'attemptFinished' | 'stuckRuns'> {
  const registers = [registry];
  const started = new Counter({
    name: 'behest_runs_started_total',
    help: 'Runs that took their first step.',
    labelNames: ['workflow'],
    registers,
  });
  const finished = new Counter({
    name: 'behest_runs_finished_total',
    help: 'Runs that ended, by final status.',
    labelNames: ['workflow', 'status'],
    registers,
  });
  const attempts = new Histogram({
    name: 'behest_step_attempt_duration_seconds',
    help: 'Time of a step attempt on its runner, by node type and outcome.',
    labelNames: ['type', 'outcome'],
    buckets: seconds,
    registers,
  });
  const stuck = new Gauge({
    name: 'behest_stuck_runs',
    help: 'Runs that should have moved by now and did not. Must be 0.',
    registers,
  });
  return {
    runStarted: (workflow) => started.inc({ workflow }),
    runFinished: (workflow, status) => finished.inc({ workflow, status }),
    attemptFinished: (type, outcome, tookMs) => attempts.observe({ type, outcome }, tookMs / 1000),
    stuckRuns: (count) => stuck.set(count),
  };
}

function apiMetrics(registry: Registry): ApiMetrics {
  const requests = new Histogram({
    name: 'behest_api_request_duration_seconds',
    help: 'Time until a call of the API was answered, by RPC and gRPC status, over any protocol.',
    labelNames: ['rpc', 'code'],
    buckets: seconds,
    registers: [registry],
  });
  return { answered: (rpc, code, tookMs) => requests.observe({ rpc, code }, tookMs / 1000) };
}

function loopMetrics(registry: Registry): Pick<Metrics, 'batchCommitted' | 'reconciled'> {
  const registers = [registry];
  const commitTime = new Histogram({
    name: 'behest_commit_duration_seconds',
    help: 'Time to commit one batch of runs.',
    buckets: seconds,
    registers,
  });
  const batchRuns = new Histogram({
    name: 'behest_commit_runs',
    help: 'Runs in one committed batch.',
    buckets: sizes,
    registers,
  });
  const facts = new Counter({
    name: 'behest_facts_total',
    help: 'Facts recorded.',
    registers,
  });
  const reconciles = new Histogram({
    name: 'behest_reconcile_duration_seconds',
    help: 'Time of one look at a source, by outcome.',
    labelNames: ['source', 'outcome'],
    buckets: seconds,
    registers,
  });
  return {
    batchCommitted: (batch, tookMs) => {
      batchRuns.observe(batch.runs);
      facts.inc(batch.facts);
      commitTime.observe(tookMs / 1000);
    },
    reconciled: (source, outcome, tookMs) => {
      reconciles.observe({ source, outcome }, tookMs / 1000);
    },
  };
}
