import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Task, TaskId } from '../task/task.ts';
import type { Delivery } from './bus.ts';
import type { BundleOpener } from './bundle-opener.ts';
import type { BusLog } from './bus-log.ts';
import { decodeHanded } from './codec.ts';
import { drain } from './drain.ts';
import { type Offer, writeHolding } from './holding.ts';
import { listen } from './listen.ts';
import { directLimit } from './pack-texts.ts';
import type { Slots } from './slots.ts';
import type { Subjects } from './subjects.ts';

const TELL_MS = 1_000;
/** Of an id in what is told; all that is held is told in one message. */
const MAX_ID_BYTES = 64;

export interface HandedIntakeOptions {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly queues: readonly string[];
  readonly slots: Slots;
  readonly bundles: BundleOpener;
  readonly handler: (delivery: Delivery<Task>) => void;
  readonly isConnected: () => boolean;
  readonly log: BusLog;
}

/**
 * A runner's side of tasks that come straight from a controller (docs/decisions/0012): takes them,
 * and says each second which of them it has not settled, as no stream knows of them.
 */
export class HandedIntake {
  readonly #options: HandedIntakeOptions;
  readonly #name = randomUUID();
  readonly #held = new Set<TaskId>();
  readonly #tasks: Subscription;
  readonly #questions: Subscription;
  readonly #teller: NodeJS.Timeout;
  #isStopped = false;
  /** Nothing more can come. */
  #isDrained = false;

  constructor(options: HandedIntakeOptions) {
    this.#options = options;
    const { connection, subjects, log } = options;
    const take = (msg: Msg): void => this.#take(msg);
    this.#tasks = listen(connection, subjects.handed(this.#name), { log, hear: take });
    const answer = (msg: Msg): void => this.#say((word) => msg.respond(word));
    this.#questions = listen(connection, subjects.whoHolds, { log, hear: answer });
    this.#teller = setInterval(() => this.#tell(), TELL_MS);
    this.#teller.unref();
    this.#tell();
  }

  /**
   * Half of the slots at most are for what is handed over: the other half shares the queues with
   * other runners, so that one that has just come gets its part of long runs too.
   */
  offer(): Offer | null {
    if (this.#isStopped) return null;
    const { slots, queues } = this.#options;
    const free = Math.floor(slots.max / 2) - slots.inFlight - slots.waiting;
    const room = Math.min(free, this.#mostHeld - this.#held.size);
    if (room <= 0) return null;
    return { taker: this.#name, room, queues };
  }

  get #isLeaving(): boolean {
    return this.#isDrained && this.#held.size === 0;
  }

  get #mostHeld(): number {
    return Math.floor(directLimit(this.#options.connection) / MAX_ID_BYTES);
  }

  /** Takes no more. What it holds it goes on telling of, until it holds nothing. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await drain(this.#tasks, this.#options.isConnected());
    this.#isDrained = true;
    this.#leaveWhenDone();
  }

  /** Nothing is held any more, whatever happens to it. */
  close(): void {
    clearInterval(this.#teller);
    this.#held.clear();
    this.#isStopped = this.#isDrained = true;
    this.#leaveWhenDone();
  }

  #take(msg: Msg): void {
    for (const task of decodeHanded(msg.subject, msg.data)) {
      if (this.#held.has(task.id)) continue;
      this.#held.add(task.id);
      this.#open(task);
    }
  }

  /** Whatever has taken its slot meanwhile: in the queue it waits for the next that is free anywhere. */
  #open(task: Task): void {
    const { bundles, handler, slots } = this.#options;
    const delivery = { deliveries: 1, ack: () => this.#ended(task.id), working: () => undefined };
    const leave = (): void => slots.leave();
    for (const taken of bundles.unpack({ delivery, tasks: [task], handler, leave })) {
      const isFull = slots.inFlight >= slots.max || this.#held.size > this.#mostHeld;
      if (this.#isStopped || isFull) taken.release();
      else slots.enter(taken);
    }
  }

  #ended(id: TaskId): void {
    this.#held.delete(id);
    this.#leaveWhenDone();
  }

  #leaveWhenDone(): void {
    if (!this.#isLeaving) return;
    clearInterval(this.#teller);
    this.#tell();
    if (!this.#options.connection.isClosed()) this.#questions.unsubscribe();
  }

  #tell(): void {
    const { connection, subjects } = this.#options;
    if (connection.isClosed()) return;
    this.#say((word) => connection.publish(subjects.holding, word));
  }

  #say(send: (word: string) => void): void {
    const isLeaving = this.#isLeaving;
    send(writeHolding({ taker: this.#name, tasks: [...this.#held], isLeaving }));
  }
}
