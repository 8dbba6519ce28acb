import type { Bus } from '../bus/bus.ts';
import { childRunId } from '../engine/decision.ts';
import type { Fact } from '../engine/fact.ts';
import { nextWake, runStatus } from '../engine/status.ts';
import type { RunRequest } from '../record/run.ts';
import { type Adopted, adoptChildren } from './adopt-children.ts';
import { advance, type Advance } from './advance.ts';
import { countHeldItems } from './held-items.ts';
import type { Outage } from './outage.ts';
import type { ControllerMetrics } from './controller-metrics.ts';
import type { Clock, Ledger, Log, RunChange } from './ports.ts';
import type { Programs } from './programs.ts';
import { requestFact } from './request-facts.ts';
import type { CachedRun, RunCache } from './run-cache.ts';
import type { RunLoader } from './run-loader.ts';
import type { StuckRuns } from './stuck-runs.ts';

/** Something to do about a run: a fact that came in, or just to look at it. */
export interface Work {
  readonly runId: string;
  readonly fact: Fact | null;
  /** Read its inbox as well. */
  readonly hasRequests?: boolean;
  /** Make sure that its tasks are still under way. */
  readonly isRecheck?: boolean;
  /** Called once what this work led to is recorded (or led to nothing). */
  readonly done?: () => void;
  /** Called when it could not be recorded: to be brought again, after `delayMs` or soon. */
  readonly again?: (delayMs?: number) => void;
}

/** One run of a batch, moved on and recorded. */
export interface MovedRun {
  readonly run: CachedRun;
  readonly moved: Advance;
  readonly works: readonly Work[];
  readonly isRecheck: boolean;
  readonly change: RunChange;
}

export interface BatchParts {
  readonly ledger: Ledger;
  readonly bus: Pick<Bus, 'missingTasks'>;
  readonly loader: RunLoader;
  readonly programs: Programs;
  readonly cache: RunCache;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the ledger. */
  readonly outage: Outage;
  readonly metrics: ControllerMetrics;
  readonly stuck: StuckRuns;
}

/**
 * Moves each run of the batch on and records all of it in one statement. A run that somebody else
 * moved meanwhile is dropped from the cache and its work brought again; nothing of it is recorded.
 * Rejects when the ledger fails: then all works are to be brought again.
 */
export async function processBatch(parts: BatchParts, works: readonly Work[]): Promise<MovedRun[]> {
  const first = await moveAll(parts, works);
  const second = first.stale.length === 0 ? null : await moveAll(parts, first.stale);
  const moved = [...first.moved, ...(second?.moved ?? [])];
  return commit(parts, await withChildren(parts, moved));
}

/**
 * Moves the runs of these works on. A run from the cache that does not know what to make of a fact
 * may be out of date, because another controller moved it: it is dropped, and its works are stale.
 */
async function moveAll(
  parts: BatchParts,
  works: readonly Work[],
): Promise<{ moved: MovedRun[]; stale: Work[] }> {
  const byRun = Map.groupBy(works, (work) => work.runId);
  const asked = [...byRun].filter(([, list]) => list.some((work) => work.hasRequests === true));
  const at = await parts.loader.load(
    [...byRun.keys()],
    asked.map(([id]) => id),
  );
  const held = await countHeldItems(parts, at.runs.values());
  const broken = held.broken.size === 0 ? at.broken : new Map([...at.broken, ...held.broken]);
  const requests = Map.groupBy(at.requests, (request) => request.runId);
  const moved: MovedRun[] = [];
  const stale: Work[] = [];
  for (const [id, list] of byRun) {
    const run = at.runs.get(id);
    if (broken.has(id)) {
      shelve(parts, { event: 'run.load_failed', runId: id, works: list, error: broken.get(id) });
      continue;
    }
    if (run === undefined) {
      for (const work of list) work.done?.();
      continue;
    }
    if (held.unknown.has(id)) {
      for (const work of list) work.again?.(UNKNOWN_MS);
      continue;
    }
    const one = moveOn(parts, { run, works: list, requests: requests.get(id) ?? [] });
    if (one === null) continue;
    if (one.moved.refused === 0 || at.loaded.has(id)) {
      moved.push(one);
      continue;
    }
    stale.push(...list);
  }
  return { moved, stale };
}

interface Input {
  readonly run: CachedRun;
  readonly works: readonly Work[];
  readonly requests: readonly RunRequest[];
}

/** A bug in one run must not stop the others: it is logged and its work left for later. */
function moveOn(parts: BatchParts, input: Input): MovedRun | null {
  const { run, works, requests } = input;
  // From here its state is ahead of the record, and of no use to anybody until `commit` has written it.
  parts.cache.drop(run.record.id);
  try {
    const now = parts.clock.now();
    const facts = works.flatMap((work) => (work.fact === null ? [] : [work.fact]));
    for (const request of requests) {
      const fact = requestFact(run.program, request, now);
      if (fact !== null) facts.push(fact);
    }
    const moved = advance(run.program, run.state, { facts, now });
    const change = changeOf(run, moved, requests);
    return { run, moved, works, change, isRecheck: works.some((work) => work.isRecheck === true) };
  } catch (error) {
    shelve(parts, { event: 'run.advance_failed', runId: run.record.id, works, error });
    return null;
  }
}

/** How soon a run is looked at again of which the transport did not say what it holds, ms. */
const UNKNOWN_MS = 1000;
/** How soon a checkpoint comes again that a defect of ours kept from being recorded, ms. */
const BROKEN_MS = 10_000;

/** Leaves the works of a broken run for later: those that are no deliveries to the next sweep. */
function shelve(
  parts: BatchParts,
  failed: { event: string; runId: string; works: readonly Work[]; error: unknown },
): void {
  const { event, runId, works, error } = failed;
  parts.log.error(event, { runId, error });
  parts.stuck.noteBroken(runId, parts.clock.now());
  for (const work of works) if (work.done !== undefined) work.again?.(BROKEN_MS);
}

function changeOf(run: CachedRun, moved: Advance, requests: readonly RunRequest[]): RunChange {
  const { state, program, record } = run;
  const input = moved.recorded.some((fact) => fact.kind === 'reopened' && fact.input !== undefined);
  return {
    id: record.id,
    expectedSeq: run.seq,
    status: runStatus(program, state),
    startedAt: state.startedAt,
    finishedAt: state.finished?.at ?? null,
    wakeAt: nextWake(program, state),
    output: state.finished?.output ?? null,
    error: state.finished?.error ?? null,
    ...(input ? { input: state.input } : {}),
    facts: moved.recorded,
    children: [],
    answered: requests.map((request) => request.id),
    asked: childCancels(run, moved),
  };
}

/** The children of attempts that are stopped are cancelled too: in the same commit, so for certain. */
function childCancels({ record, state }: CachedRun, moved: Advance): RunRequest[] {
  const stopped = moved.cancels.filter(({ child }) => child);
  return stopped.map(({ ref }) => {
    const runId = childRunId(record.id, ref);
    return {
      id: `${runId}.parent-cancel`,
      runId,
      createdAt: state.now,
      by: `run ${record.id}`,
      body: { kind: 'cancel', reason: 'the parent run was cancelled' },
    };
  });
}

/** Gives every wished child its run, or fails its step, which may lead to further wishes. */
async function withChildren(
  parts: BatchParts,
  candidates: readonly MovedRun[],
): Promise<readonly MovedRun[]> {
  if (candidates.every(({ moved }) => moved.children.length === 0)) return candidates;
  const adopted = await adoptChildren(
    parts,
    candidates.map(({ run, moved }) => ({ run, wishes: moved.children })),
  );
  return withChildren(
    parts,
    candidates.map((candidate, index) => {
      const own = adopted[index];
      return own === undefined ? candidate : withAdopted(parts, candidate, own);
    }),
  );
}

function withAdopted(parts: BatchParts, candidate: MovedRun, adopted: Adopted): MovedRun {
  const { run, moved, change } = candidate;
  if (moved.children.length === 0) return candidate;
  const more = advance(run.program, run.state, { facts: adopted.failures, now: parts.clock.now() });
  const all: Advance = {
    recorded: [...moved.recorded, ...more.recorded],
    tasks: [...moved.tasks, ...more.tasks],
    children: more.children,
    cancels: [...moved.cancels, ...more.cancels],
    refused: moved.refused,
    resume: more.resume ?? moved.resume,
  };
  const children = [...change.children, ...adopted.children];
  return {
    ...candidate,
    moved: all,
    change: { ...changeOf(run, all, []), answered: change.answered, children },
  };
}

/** Nothing to write when no fact came of it and the run's face is what it was. */
function isChange({ change, run }: MovedRun): boolean {
  return (
    change.facts.length > 0 ||
    change.answered.length > 0 ||
    change.asked.length > 0 ||
    change.status !== run.record.status ||
    change.wakeAt !== run.record.wakeAt
  );
}

interface Written {
  readonly committed: ReadonlySet<string>;
  /** Runs whose data the ledger can never write, and why. */
  readonly refused: ReadonlyMap<string, unknown>;
}

/** Records in one statement; a batch that cannot be written is halved until the run is found. */
async function record(parts: BatchParts, changes: readonly RunChange[]): Promise<Written> {
  if (changes.length === 0) return { committed: new Set(), refused: new Map() };
  const began = performance.now();
  try {
    const committed = await parts.ledger.commitRuns(changes);
    const facts = changes.reduce((sum, change) => sum + change.facts.length, 0);
    parts.metrics.batchCommitted({ runs: changes.length, facts }, performance.now() - began);
    return { committed, refused: new Map() };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnwritableBatch') throw error;
    const [only, ...others] = changes;
    if (only !== undefined && others.length === 0) {
      return { committed: new Set(), refused: new Map([[only.id, error]]) };
    }
    const middle = Math.ceil(changes.length / 2);
    const first = await record(parts, changes.slice(0, middle));
    const second = await record(parts, changes.slice(middle));
    return {
      committed: new Set([...first.committed, ...second.committed]),
      refused: new Map([...first.refused, ...second.refused]),
    };
  }
}

async function commit(parts: BatchParts, candidates: readonly MovedRun[]): Promise<MovedRun[]> {
  const changes = candidates.filter(isChange).map(({ change }) => change);
  // When this fails nobody knows what was written: the record tells when the works come again.
  const written = await record(parts, changes);
  if (changes.length > 0) parts.outage.succeeded();
  return candidates.filter((candidate) => {
    const { run, works, change } = candidate;
    const error = written.refused.get(change.id);
    if (error !== undefined) {
      shelve(parts, { event: 'run.unwritable', runId: change.id, works, error });
      return false;
    }
    if (isChange(candidate) && !written.committed.has(change.id)) {
      for (const work of works) work.again?.();
      return false;
    }
    run.seq += change.facts.length;
    run.record = { ...run.record, status: change.status, wakeAt: change.wakeAt };
    if (run.state.finished === null) parts.cache.put(run);
    return true;
  });
}
