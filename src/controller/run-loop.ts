import type { Bus, Consumer } from '../bus/bus.ts';
import { hash32 } from '../engine/hash.ts';
import type { AttemptFact, Fact } from '../engine/fact.ts';
import type { Checkpoint } from '../task/task.ts';
import { Announcer } from './announcer.ts';
import { countMoved, type ControllerMetrics } from './controller-metrics.ts';
import { Lane } from './lane.ts';
import { Outage } from './outage.ts';
import type { Clock, Ledger, Log, Probes } from './ports.ts';
import { Programs } from './programs.ts';
import { checkResume } from './resume.ts';
import { type MovedRun, processBatch, type Work } from './run-batch.ts';
import { type CachedRun, RunCache } from './run-cache.ts';
import { carryOut, tasksToSend } from './run-effects.ts';
import { RunLoader } from './run-loader.ts';
import { RunTimers } from './run-timers.ts';
import type { StuckRuns } from './stuck-runs.ts';

export interface RunLoopOptions {
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly probes: Probes;
  readonly metrics: ControllerMetrics;
  readonly stuck: StuckRuns;
  /** Run states kept in memory. */
  readonly cacheRuns: number;
  /** Checkpoints taken but not yet recorded; the back-pressure on runners. */
  readonly maxInFlight: number;
}

/** How many batches may be under way at once; a run always meets the same one. */
const LANES = 2;
/** Runs of one batch and so of one statement, at most. */
const MAX_BATCH = 500;
/** How soon work is brought again that somebody else's record came before, ms. */
const AGAIN_MS = 100;
/** How soon a run that somebody else has moved on is looked at again, ms. */
const ANEW_MS = 1000;
/** How soon a run is looked at again whose time has come without anything to do yet, ms. */
const STILL_DUE_MS = 1000;

/** A look that waits in its lane, and what has been asked of it so far. */
type Look = Work & { hasRequests: boolean; isRecheck: boolean };

/** The hot loop: checkpoints and other facts in, records and tasks out. */
export class RunLoop {
  readonly #options: RunLoopOptions;
  readonly #lanes: readonly Lane<Work>[];
  readonly #timers: RunTimers;
  readonly #cache: RunCache;
  readonly #programs: Programs;
  readonly #loader: RunLoader;
  readonly #looks = new Map<string, Look>();
  readonly #checking = new Set<string>();
  /** Of the ledger, and of what sets in motion what it has recorded. */
  readonly #outage: Outage;
  readonly #effectsOutage: Outage;
  readonly #announcer: Announcer;
  /** Runs that something recorded was not set in motion for. */
  readonly #unsent = new Set<string>();
  /** By lane: resolves when the transport has taken what the last batch sent. */
  readonly #taken: Promise<void>[] = [];
  #consumers: Consumer[] = [];

  constructor(options: RunLoopOptions) {
    this.#options = options;
    const { bus, ledger, log, clock } = options;
    this.#announcer = new Announcer({ bus, clock });
    this.#outage = new Outage({ clock, log, name: 'ledger' });
    this.#effectsOutage = new Outage({ clock, log, name: 'effects' });
    this.#cache = new RunCache(options.cacheRuns);
    this.#programs = new Programs(ledger);
    const shared = { ledger, programs: this.#programs, cache: this.#cache };
    this.#loader = new RunLoader(shared);
    this.#timers = new RunTimers(options.clock, (runId) => this.submit({ runId, fact: null }));
    this.#lanes = Array.from({ length: LANES }, (_, lane) => {
      const process = (batch: readonly Work[]) => this.#process(batch, lane);
      return new Lane({ process, maxBatch: MAX_BATCH, log });
    });
  }

  async start(): Promise<void> {
    const { bus, maxInFlight } = this.#options;
    // Another controller's runs are left to it; what it does not do is found by the sweeps.
    const isOurs = (runId: string): boolean => bus.isOurs(runId);
    this.#consumers = [
      await bus.consumeCheckpoints({ maxInFlight }, (batch) => {
        for (const delivery of batch) {
          const { message } = delivery;
          this.submit({
            runId: message.runId,
            fact: checkpointFact(message, this.#options.clock.now()),
            done: () => delivery.ack(),
            again: (delayMs = AGAIN_MS) => delivery.release(delayMs),
          });
        }
      }),
      bus.onSignal('nudge', ({ runIds, created = [] }) => {
        const ours = created.filter(({ id }) => isOurs(id));
        this.#loader.expect(ours);
        // A new run's inbox is empty; whoever puts something there nudges as well.
        const isNew = new Set(ours.map(({ id }) => id));
        for (const id of runIds.filter(isOurs)) this.look([id], !isNew.has(id));
      }),
      bus.onSignal('recheck', ({ runIds }) => this.recheck(runIds.filter(isOurs))),
    ];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    this.#timers.stop();
    const left = await Promise.all(this.#lanes.map((lane) => lane.stop()));
    // What came from the transport goes to another controller now, not after its lease.
    for (const work of left.flat()) if (work.done !== undefined) work.again?.(0);
    await Promise.all(this.#taken);
    this.#announcer.flush();
  }

  submit(work: Work): void {
    this.#lanes[hash32(work.runId) % LANES]?.push(work);
  }

  /** Works that are queued and not yet taken: what a slow ledger leaves waiting. */
  get backlog(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.length, 0);
  }

  /** Has these runs looked at, with their inboxes if asked. */
  look(runIds: readonly string[], hasRequests: boolean): void {
    for (const runId of runIds) this.#lookAt(runId, { hasRequests, isRecheck: false });
  }

  /** The same, by the controllers that they belong to. */
  wake(runIds: readonly string[], hasRequests: boolean): void {
    const { bus } = this.#options;
    const { ours = [], others = [] } = Object.groupBy(runIds, (runId) =>
      bus.isOurs(runId) ? 'ours' : 'others',
    );
    this.look(ours, hasRequests);
    if (others.length > 0) bus.broadcast({ kind: 'nudge', runIds: others });
  }

  /** Has these runs looked at, and tasks sent again that the transport has lost. */
  recheck(runIds: readonly string[]): void {
    for (const runId of runIds) this.#lookAt(runId, { hasRequests: true, isRecheck: true });
  }

  /** One look at a run waits at a time; what more is asked of it meanwhile goes along. */
  #lookAt(runId: string, asked: { hasRequests: boolean; isRecheck: boolean }): void {
    const waiting = this.#looks.get(runId);
    if (waiting !== undefined) {
      waiting.hasRequests ||= asked.hasRequests;
      waiting.isRecheck ||= asked.isRecheck;
      return;
    }
    const look: Look = {
      runId,
      fact: null,
      ...asked,
      again: (delayMs) => this.#lookAgain(look, delayMs),
    };
    this.#looks.set(runId, look);
    this.submit(look);
  }

  /** Until it comes again it counts as waiting, or looks would pile up while the ledger fails. */
  #lookAgain(look: Look, delayMs?: number): void {
    if (this.#looks.has(look.runId)) this.#lookAt(look.runId, look);
    else {
      this.#looks.set(look.runId, look);
      this.#later(look, delayMs);
    }
  }

  /** Work that nobody redelivers comes again by itself. */
  #internal(work: Work): Work {
    const own: Work = { ...work, again: (delayMs) => this.#later(own, delayMs) };
    return own;
  }

  #later(work: Work, delayMs = AGAIN_MS): void {
    this.#options.clock.sleep(delayMs).then(
      () => this.submit(work),
      () => undefined, // the clock stopped: so did we
    );
  }

  async #process(works: readonly Work[], lane: number): Promise<void> {
    const { ledger, clock, log, bus, metrics, stuck } = this.#options;
    const shared = { programs: this.#programs, loader: this.#loader, cache: this.#cache };
    const parts = { ledger, bus, clock, log, metrics, stuck, outage: this.#outage, ...shared };
    for (const work of works)
      if (this.#looks.get(work.runId) === work) this.#looks.delete(work.runId);
    let moved: MovedRun[];
    try {
      moved = await processBatch(parts, works);
    } catch (error) {
      const delayMs = this.#outage.failed(error, works.length);
      for (const work of works) work.again?.(delayMs);
      return;
    }
    const wake = (runIds: readonly string[], hasRequests: boolean) =>
      this.wake(runIds, hasRequests);
    const failed = (error: unknown, runIds: readonly string[]) => this.#sendLater(error, runIds);
    const sent = () => this.#effectsOutage.succeeded();
    const outdated = (runIds: readonly string[]) => void this.#lookAnew(runIds);
    const announcer = this.#announcer;
    const effects = { bus, ledger, clock, log, announcer, wake, failed, sent, outdated };
    const tasks = await tasksToSend(effects, moved);
    await this.#taken[lane];
    // From here to the last answer nothing is waited for, so that all goes out in one packet.
    this.#taken[lane] = carryOut(effects, moved, tasks);
    for (const each of moved) this.#settle(each);
  }

  /** Not at once: whoever moves a run on at this moment needs no second one. */
  async #lookAnew(runIds: readonly string[]): Promise<void> {
    const { clock, bus } = this.#options;
    for (const runId of runIds) this.#cache.drop(runId);
    await clock.sleep(ANEW_MS);
    this.recheck(runIds.filter((runId) => bus.isOurs(runId)));
  }

  /** The usual recheck would find these runs too, but only after half a minute. */
  #sendLater(error: unknown, runIds: readonly string[]): void {
    const delayMs = this.#effectsOutage.failed(error, runIds.length);
    const isWaiting = this.#unsent.size > 0;
    for (const runId of runIds) this.#unsent.add(runId);
    if (!isWaiting) void this.#sendAfter(delayMs);
  }

  async #sendAfter(delayMs: number): Promise<void> {
    await this.#options.clock.sleep(delayMs);
    const due = [...this.#unsent];
    this.#unsent.clear();
    this.recheck(due);
  }

  #settle(each: MovedRun): void {
    const { run, moved, works } = each;
    const { metrics, stuck, clock } = this.#options;
    countMoved(metrics, each);
    stuck.note(run, clock.now());
    for (const work of works) work.done?.();
    const { id } = run.record;
    this.#timers.set(id, wakeTime(run));
    if (moved.resume !== null) void this.#resume(run, moved.resume);
  }

  async #resume(run: MovedRun['run'], steps: readonly number[]): Promise<void> {
    const { id } = run.record;
    if (this.#checking.has(id)) return;
    this.#checking.add(id);
    try {
      const { probes, clock } = this.#options;
      const verdict = await checkResume(run, probes);
      const fact: Fact = verdict.holds
        ? { kind: 'reopened', at: clock.now(), steps, cause: 'resume', by: 'resume service' }
        : { kind: 'deferred', at: clock.now(), reason: verdict.reason };
      this.submit(this.#internal({ runId: id, fact }));
    } catch (error) {
      this.#options.log.error('run.resume_check_failed', { runId: id, error });
    } finally {
      this.#checking.delete(id);
    }
  }
}

/**
 * When to look again. A time that stays due (resume conditions are being checked) is no reason to
 * look again at once: that would be a loop without a pause.
 */
function wakeTime({ record, state }: CachedRun): number | null {
  const { wakeAt } = record;
  return wakeAt !== null && wakeAt <= state.now ? state.now + STILL_DUE_MS : wakeAt;
}

function checkpointFact(checkpoint: Checkpoint, at: number): AttemptFact {
  const { step, item, attempt, outcome, startedAt, finishedAt, runner } = checkpoint;
  return {
    kind: 'attempt',
    at,
    step,
    item,
    attempt,
    outcome,
    branch: null,
    startedAt,
    finishedAt,
    runner,
  };
}
