import { setTimeout as sleep } from 'node:timers/promises';
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Task, TaskId } from '../task/task.ts';
import type { TaskRef } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import { encodeTexts } from './codec.ts';
import { type Holding, readHolding } from './holding.ts';
import { listen } from './listen.ts';
import type { OpenOffers } from './open-offers.ts';
import { directLimit, packTexts } from './pack-texts.ts';
import type { Presence } from './presence.ts';
import type { Subjects } from './subjects.ts';

/** A runner that has not said for so long that it holds a task does not hold it. */
const LEASE_MS = 3_500;
const SWEEP_MS = 500;
/** A process that is so late has heard nothing for a while. */
const DEAF_MS = 1_500;
/** Every runner has said something by then: they do so each second. */
const ACQUAINTED_MS = 1_250;
/** As a batch of runs waits for it. Longer after each try in vain: a runner may be far away. */
const ANSWER_MS = 300;
const LONGEST_ANSWER_MS = 1_200;

interface Lease {
  readonly runId: string;
  readonly taker: string;
  heardAt: number;
}

interface Taker {
  heardAt: number;
  /** What it held when it spoke last, and was not known here to hold. */
  unknown: ReadonlySet<TaskId>;
}

export interface HandedTasksOptions {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly offers: OpenOffers;
  readonly isConnected: () => boolean;
  readonly presence: Presence;
  /** Has controllers send again what is missing of these runs. */
  readonly recheck: (runIds: readonly string[]) => void;
  readonly log: BusLog;
}

/**
 * A controller's side of tasks that go straight to a runner (docs/decisions/0012): knows which of
 * them are with whom, and notices when one is with nobody. No stream holds them; a task whose runner
 * is silent for longer than its lease is missing, and goes by the stream from then on.
 */
export class HandedTasks {
  readonly #options: HandedTasksOptions;
  readonly #leases = new Map<TaskId, Lease>();
  readonly #takers = new Map<string, Taker>();
  #listeningSince: number | null = null;
  #sweeper: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  #answerMs = ANSWER_MS;
  #wasConnected = true;

  constructor(options: HandedTasksOptions) {
    this.#options = options;
  }

  /** Listens to what runners say of themselves, from now on. */
  listen(): void {
    if (this.#listeningSince !== null) return;
    this.#listeningSince = this.#sweptAt = performance.now();
    const { connection, subjects, log } = this.#options;
    const hear = (msg: Msg): void => this.#hear(readHolding(msg));
    listen(connection, subjects.holding, { log, hear });
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  /** Sends to runners what they have offered to take, once. Returns the others. */
  hand(tasks: readonly Task[]): readonly Task[] {
    const { offers, isConnected } = this.#options;
    // A burst that failed is sent again with what of it a runner has.
    const unsent = tasks.filter(({ id }) => !this.has(id));
    // Handed over now they would be lost, while the stream is sent its own again.
    if (!isConnected()) return unsent;
    const takers = Map.groupBy(unsent, (task) => offers.take(task));
    return [...takers].flatMap(([taker, some]) => {
      const isThere = taker !== null && this.#takers.has(taker);
      return isThere ? this.#handTo(taker, some) : some;
    });
  }

  #handTo(taker: string, tasks: readonly Task[]): readonly Task[] {
    const { connection, subjects } = this.#options;
    const rules = { limit: directLimit(connection), textOf: (task: Task) => JSON.stringify(task) };
    const { messages, tooLarge } = packTexts(tasks, rules);
    for (const { items, texts } of messages) {
      connection.publish(subjects.handed(taker), encodeTexts(texts));
      const heardAt = performance.now();
      for (const { id, runId } of items) this.#leases.set(id, { runId, taker, heardAt });
    }
    return tooLarge;
  }

  /** It is with no runner any more, or is not wanted. */
  ended(id: TaskId): void {
    this.#leases.delete(id);
  }

  /** Whether a runner has it, as far as is known here. */
  has(id: TaskId): boolean {
    const lease = this.#leases.get(id);
    return lease !== undefined && performance.now() - lease.heardAt < LEASE_MS;
  }

  /**
   * Which of these runners have, by their own word. Rejects when one that is believed alive does not
   * answer: it may have any of them.
   */
  async find(refs: readonly TaskRef[]): Promise<ReadonlySet<TaskId>> {
    this.listen();
    const listening = performance.now() - (this.#listeningSince ?? 0);
    if (listening < ACQUAINTED_MS) await sleep(ACQUAINTED_MS - listening);
    const wanted = new Set(refs.map(({ id }) => id));
    const found = new Set<TaskId>();
    for (const { taker, tasks } of await this.#ask()) {
      for (const id of tasks) {
        if (!wanted.has(id)) continue;
        found.add(id);
        this.#adopt(id, taker);
      }
    }
    return found;
  }

  /** What every runner that is believed alive holds. */
  #ask(): Promise<Holding[]> {
    const { connection, subjects, log } = this.#options;
    this.#forgetSilent();
    const open = new Set(this.#takers.keys());
    if (open.size === 0) return Promise.resolve([]);
    const answers: Holding[] = [];
    return new Promise((resolve, reject) => {
      const inbox = createInbox();
      const end = (): void => {
        clearTimeout(timer);
        subscription.unsubscribe();
        const isComplete = open.size === 0;
        this.#answerMs = isComplete ? ANSWER_MS : Math.min(2 * this.#answerMs, LONGEST_ANSWER_MS);
        if (isComplete) resolve(answers);
        else reject(new Error(`no word of what it holds from ${open.size} of the runners`));
      };
      const hear = (msg: Msg): void => {
        if (msg.data.byteLength === 0) return; // Nobody listens: those that were there are gone.
        const holding = readHolding(msg);
        this.#refresh(holding);
        answers.push(holding);
        open.delete(holding.taker);
        if (open.size === 0) end();
      };
      // First, as it throws when the connection has been closed: then nothing is left to end.
      const subscription = listen(connection, inbox, { log, hear });
      const timer = setTimeout(end, this.#answerMs);
      connection.publish(subjects.whoHolds, '', { reply: inbox });
    });
  }

  /** What a runner says each second. */
  #hear(holding: Holding): void {
    const { taker, tasks } = holding;
    const before = this.#takers.get(taker)?.unknown;
    this.#refresh(holding);
    const known = this.#takers.get(taker);
    if (known === undefined) return;
    const unknown = tasks.filter((id) => !this.#leases.has(id));
    known.unknown = new Set(unknown);
    // Told twice it is no short one, and none whose end has just come here: should its runner be
    // lost, the run's controller is to notice, whoever handed it over.
    for (const id of unknown) if (before?.has(id) === true) this.#adopt(id, taker);
  }

  #refresh({ taker, tasks, isLeaving }: Holding): void {
    if (isLeaving) {
      this.#takers.delete(taker);
      // What was on its way to it has not arrived.
      for (const lease of this.#leases.values()) {
        if (lease.taker === taker) lease.heardAt = -Infinity;
      }
      return;
    }
    const heardAt = performance.now();
    const known = this.#takers.get(taker);
    if (known === undefined) this.#takers.set(taker, { heardAt, unknown: new Set() });
    else known.heardAt = heardAt;
    for (const id of tasks) {
      const lease = this.#leases.get(id);
      if (lease !== undefined) lease.heardAt = heardAt;
    }
  }

  /** A lease of what others have handed over, if its run is ours. */
  #adopt(id: TaskId, taker: string): void {
    const [runId = ''] = id.split('.', 1);
    if (this.#leases.has(id) || !this.#options.presence.isOurs(runId)) return;
    this.#leases.set(id, { runId, taker, heardAt: performance.now() });
  }

  #sweep(): void {
    const { presence, recheck, log } = this.#options;
    const now = performance.now();
    if (this.#wasDeaf(now)) {
      // Everybody is given the time again, also those that nobody has heard of yet.
      this.#listeningSince = now;
      for (const lease of this.#leases.values()) lease.heardAt = now;
      for (const taker of this.#takers.values()) taker.heardAt = now;
      return;
    }
    this.#forgetSilent();
    const lost = new Set<string>();
    for (const [id, { runId, heardAt }] of this.#leases) {
      if (now - heardAt < LEASE_MS) continue;
      this.#leases.delete(id);
      if (presence.isOurs(runId)) lost.add(runId);
    }
    if (lost.size === 0) return;
    log.info('bus.handed_tasks_lost', { runs: lost.size });
    recheck([...lost]);
  }

  /** Without a connection, or standing still, since the last sweep: nobody could be heard. */
  #wasDeaf(now: number): boolean {
    const wasConnected = this.#wasConnected;
    const stoodStill = now - this.#sweptAt > DEAF_MS;
    this.#sweptAt = now;
    this.#wasConnected = this.#options.isConnected();
    return stoodStill || !wasConnected || !this.#wasConnected;
  }

  #forgetSilent(): void {
    const deadline = performance.now() - LEASE_MS;
    for (const [name, { heardAt }] of this.#takers) {
      if (heardAt < deadline) this.#takers.delete(name);
    }
  }
}
