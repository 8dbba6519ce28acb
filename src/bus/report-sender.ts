import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Checkpoint } from '../task/task.ts';
import type { BusLog } from './bus-log.ts';
import { encodeReport } from './codec.ts';
import type { Offer } from './holding.ts';
import { listen } from './listen.ts';
import { directLimit, packTexts } from './pack-texts.ts';
import type { Presence } from './presence.ts';
import { readRefused, type Refused } from './report-answer.ts';
import type { Subjects } from './subjects.ts';

/** A controller that has not recorded by then is as good as gone; the stream keeps the checkpoint. */
const ANSWER_MS = 2_500;
const NO_RESPONDERS = 503;

export interface ReportSenderOptions {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly presence: Presence;
  /** Tasks that this process has room for at this moment. */
  readonly offer: () => Offer | null;
  readonly log: BusLog;
}

/** Checkpoints under way to one recorder, and what to do with those that it has not recorded. */
interface Report {
  readonly recorder: string;
  readonly checkpoints: readonly Checkpoint[];
  readonly end: (left: readonly Checkpoint[]) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Hands checkpoints straight to the controller that their run belongs to, many in one message, and
 * hears when they are in the ledger. Nothing is stored on the way: against a message in the stream
 * for each it saves half of the server's work and a third of the way (docs/decisions/0009).
 */
export class ReportSender {
  readonly #options: ReportSenderOptions;
  readonly #inbox = createInbox();
  readonly #reports = new Map<string, Report>();
  #next = 1;

  constructor(options: ReportSenderOptions) {
    this.#options = options;
    const { connection, log } = options;
    listen(connection, `${this.#inbox}.*`, { log, hear: (msg) => this.#answered(msg) });
  }

  /** Resolves to the checkpoints that no controller has recorded. Never rejects. */
  async send(checkpoints: readonly Checkpoint[]): Promise<Checkpoint[]> {
    const { connection, presence } = this.#options;
    const rules = {
      limit: directLimit(connection),
      textOf: (each: Checkpoint) => JSON.stringify(each),
    };
    const left: Checkpoint[] = [];
    const sending: Promise<readonly Checkpoint[]>[] = [];
    for (const [recorder, own] of Map.groupBy(checkpoints, ({ runId }) =>
      presence.recorderOf(runId),
    )) {
      if (recorder === null) {
        left.push(...own);
        continue;
      }
      const { messages, tooLarge } = packTexts(own, rules);
      left.push(...tooLarge);
      for (const { items, texts } of messages) sending.push(this.#transmit(recorder, items, texts));
    }
    for (const unrecorded of await Promise.all(sending)) left.push(...unrecorded);
    return left;
  }

  #transmit(
    recorder: string,
    checkpoints: readonly Checkpoint[],
    texts: readonly string[],
  ): Promise<readonly Checkpoint[]> {
    const { connection, subjects, presence, offer } = this.#options;
    const body = encodeReport(offer(), texts);
    const id = String(this.#next);
    this.#next += 1;
    return new Promise((resolve) => {
      const end = (left: readonly Checkpoint[]): void => {
        clearTimeout(timer);
        this.#reports.delete(id);
        resolve(left);
      };
      const timer = setTimeout(() => {
        presence.forget(recorder, `no answer within ${ANSWER_MS} ms`);
        end(checkpoints);
      }, ANSWER_MS);
      this.#reports.set(id, { recorder, checkpoints, end, timer });
      try {
        connection.publish(subjects.report(recorder), body, { reply: `${this.#inbox}.${id}` });
      } catch {
        end(checkpoints); // The connection is closed: storing them will say so.
      }
    });
  }

  #answered(msg: Msg): void {
    const report = this.#reports.get(msg.subject.slice(this.#inbox.length + 1));
    if (report === undefined) return;
    const { recorder, checkpoints, end } = report;
    if (msg.headers?.code === NO_RESPONDERS) {
      this.#options.presence.forget(recorder, 'nobody listens');
      end(checkpoints);
      return;
    }
    let left = checkpoints;
    try {
      left = refusedOf(checkpoints, readRefused(msg));
    } finally {
      end(left); // By an answer that cannot be read, nothing is recorded.
    }
  }
}

function refusedOf(checkpoints: readonly Checkpoint[], refused: Refused): readonly Checkpoint[] {
  if (refused === 'all') return checkpoints;
  return refused.map((place) => checkpoints[place]).filter((found) => found !== undefined);
}
