import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Checkpoint } from '../task/task.ts';
import type { Delivery } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import { decodeReport, type Report } from './codec.ts';
import { drain } from './drain.ts';
import { listen } from './listen.ts';
import type { OpenOffers } from './open-offers.ts';
import { type Refused, writeRefused } from './report-answer.ts';

export interface ReportReceiverOptions {
  readonly connection: NatsConnection;
  readonly subject: string;
  /** Checkpoints that may be unsettled; what comes above it is refused, and goes by the stream. */
  readonly maxInFlight: number;
  /** What reporting runners have room for, until they are answered. */
  readonly offers: OpenOffers;
  readonly handler: (batch: readonly Delivery<Checkpoint>[]) => void;
  readonly isConnected: () => boolean;
  readonly log: BusLog;
}

/** Takes the reports that runners send straight to this process, and answers when all is recorded. */
export class ReportReceiver {
  readonly #options: ReportReceiverOptions;
  readonly #subscription: Subscription;
  #inFlight = 0;
  #isStopped = false;

  constructor(options: ReportReceiverOptions) {
    this.#options = options;
    const { connection, subject, log } = options;
    const hear = (msg: Msg): void => this.#receive(msg);
    this.#subscription = listen(connection, subject, { log, hear });
  }

  /** What arrives while the subscription ends is refused at once, and goes by the stream. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return drain(this.#subscription, this.#options.isConnected());
  }

  #receive(msg: Msg): void {
    const { handler, maxInFlight, offers } = this.#options;
    if (this.#isStopped || this.#inFlight >= maxInFlight) {
      answer(msg, 'all');
      return;
    }
    let report: Report;
    try {
      report = decodeReport(msg.subject, msg.data);
    } catch (error) {
      answer(msg, 'all');
      throw error;
    }
    const { checkpoints, offer } = report;
    const closeOffer = offers.open(offer, checkpoints);
    const count = checkpoints.length;
    const open = new OpenReport(count, (refused) => {
      this.#inFlight -= count;
      closeOffer();
      answer(msg, refused);
    });
    this.#inFlight += count;
    handler(checkpoints.map((message, index) => new Reported(message, open, index)));
  }
}

function answer(msg: Msg, refused: Refused): void {
  try {
    msg.respond(writeRefused(refused));
  } catch {
    // The connection is closed for good: the runner stores what it hears no answer for.
  }
}

/** What one message brought, until all of it is settled. */
class OpenReport {
  readonly #settled: (refused: readonly number[]) => void;
  readonly #refused: number[] = [];
  #open: number;

  constructor(count: number, settled: (refused: readonly number[]) => void) {
    this.#open = count;
    this.#settled = settled;
  }

  settle(index: number, isRecorded: boolean): void {
    if (!isRecorded) this.#refused.push(index);
    this.#open -= 1;
    if (this.#open === 0) this.#settled(this.#refused);
  }
}

class Reported implements Delivery<Checkpoint> {
  readonly message: Checkpoint;
  readonly deliveries = 1;
  readonly #report: OpenReport;
  readonly #index: number;
  #isSettled = false;

  constructor(message: Checkpoint, report: OpenReport, index: number) {
    this.message = message;
    this.#report = report;
    this.#index = index;
  }

  ack(): void {
    this.#settle(true);
  }

  /** Back to the runner, which stores it in the stream, from where it comes again. */
  release(): void {
    this.#settle(false);
  }

  working(): void {
    // The runner waits for so long anyway, and then stores it.
  }

  makeRoom(): void {
    // It counts until it is recorded.
  }

  #settle(isRecorded: boolean): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#report.settle(this.#index, isRecorded);
  }
}
