import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Task } from '../task/task.ts';
import type { Delivery, Signal } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import { type BundledTask, type BundleParts, unpackBundle } from './bundled-task.ts';
import { decodeTasks } from './codec.ts';
import type { JetStreamDelivery } from './jetstream-delivery.ts';
import type { Subjects } from './subjects.ts';

const HAND_BACK_RETRY_MS = 1_000;
const SETTLE_TIMEOUT_MS = 2_000;
/** A process that ends waits no longer than this for what it gives away. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface BundleOpenerOptions {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  /** Stores tasks, each as a message of its own. */
  readonly store: (tasks: readonly Task[]) => Promise<void>;
  /** Has controllers send again what is missing of these runs. */
  readonly recheck: (runIds: readonly string[]) => void;
  readonly log: BusLog;
}

/** What a process does with messages that hold several tasks. */
export class BundleOpener {
  readonly #options: BundleOpenerOptions;
  /** What is on its way back to the queue. */
  readonly #givenAway = new Set<Promise<void>>();
  readonly #waiting = new Set<BundledTask>();

  constructor(options: BundleOpenerOptions) {
    this.#options = options;
  }

  /**
   * The tasks of a bundle; null when the message is none. One that comes a second time is given up:
   * some of its tasks may be recorded by now, which only the controllers know.
   */
  open(
    delivery: JetStreamDelivery,
    taker: { handler: (delivery: Delivery<Task>) => void; leave: () => void },
  ): readonly BundledTask[] | null {
    const { subjects, log } = this.#options;
    const { subject, body, deliveries } = delivery;
    if (!subjects.isBundle(subject)) return null;
    try {
      const tasks = decodeTasks(subjects, subject, body);
      if (deliveries === 1) return this.unpack({ delivery, tasks, ...taker });
      void this.#giveAway(this.#giveUp(delivery, tasks));
    } catch (error) {
      log.error('bus.message_refused', { subject, deliveries, error });
      delivery.terminate();
    }
    return [];
  }

  /** Each with a slot and an end of its own; what is given back is stored by itself. */
  unpack(bundle: Omit<BundleParts, 'handBack' | 'waiting'>): readonly BundledTask[] {
    const handBack = (task: Task, delayMs: number) => this.#handBack(task, delayMs);
    return unpackBundle({ ...bundle, handBack, waiting: this.#waiting });
  }

  /** What waits for a slot ends here: the taker does not know of it yet. */
  cancel({ runId, tasks }: Extract<Signal, { kind: 'cancel' }>): void {
    const ids = new Set(tasks);
    for (const waiting of this.#waiting) {
      const { message } = waiting;
      if (message.runId === runId && (ids.size === 0 || ids.has(message.id))) waiting.ack();
    }
  }

  /** Resolves when nothing is on its way back any more, or soon. */
  async close(): Promise<void> {
    if (this.#givenAway.size === 0) return;
    // Given up on or not needed any more, the timer keeps no process from ending.
    const timeout = sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false });
    await Promise.race([Promise.all(this.#givenAway), timeout]);
  }

  #handBack(task: Task, delayMs: number): Promise<void> {
    return this.#giveAway(this.#store(task, delayMs));
  }

  #giveAway(work: Promise<void>): Promise<void> {
    this.#givenAway.add(work);
    return work.finally(() => this.#givenAway.delete(work));
  }

  async #store(task: Task, delayMs: number): Promise<void> {
    const { connection, store, log } = this.#options;
    if (delayMs > 0) await sleep(delayMs);
    while (!connection.isClosed()) {
      try {
        await store([task]);
        return;
      } catch (error) {
        log.warn('bus.hand_back_failed', { taskId: task.id, error });
        await sleep(HAND_BACK_RETRY_MS);
      }
    }
  }

  async #giveUp(delivery: JetStreamDelivery, tasks: readonly Task[]): Promise<void> {
    const { connection, recheck, log } = this.#options;
    const { subject, deliveries } = delivery;
    log.info('bus.bundle_given_up', { subject, deliveries });
    try {
      // Only when it is really out of the stream are its tasks missing.
      await delivery.takeOut(connection, SETTLE_TIMEOUT_MS);
    } catch (error) {
      log.warn('bus.bundle_stays', { subject, error });
      return;
    }
    recheck([...new Set(tasks.map(({ runId }) => runId))]);
  }
}
