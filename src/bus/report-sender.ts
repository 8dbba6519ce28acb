import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Checkpoint } from '../task/task.ts';
import type { BusLog } from './bus-log.ts';
import { encodeTexts } from './codec.ts';
import { listen } from './listen.ts';
import type { Presence } from './presence.ts';
import { readRefused, type Refused } from './report-answer.ts';
import type { Subjects } from './subjects.ts';

/** Bytes of one report; what is larger alone goes by the stream. */
const MAX_REPORT_BYTES = 256 * 1024;
const OVERHEAD_BYTES = 4_096;
/** A controller that has not recorded by then is as good as gone; the stream keeps the checkpoint. */
const ANSWER_MS = 2_500;
const NO_RESPONDERS = 503;

export interface ReportSenderOptions {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly presence: Presence;
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
    const { presence } = this.#options;
    const left: Checkpoint[] = [];
    const sending: Promise<readonly Checkpoint[]>[] = [];
    for (const [recorder, own] of Map.groupBy(checkpoints, ({ runId }) =>
      presence.recorderOf(runId),
    )) {
      if (recorder === null) left.push(...own);
      else sending.push(...this.#sendTo(recorder, own, left));
    }
    for (const unrecorded of await Promise.all(sending)) left.push(...unrecorded);
    return left;
  }

  /** One report for each so many bytes; `left` takes what fits into none. */
  #sendTo(
    recorder: string,
    checkpoints: readonly Checkpoint[],
    left: Checkpoint[],
  ): Promise<readonly Checkpoint[]>[] {
    const maxPayload = this.#options.connection.info?.max_payload ?? MAX_REPORT_BYTES;
    const limit = Math.min(MAX_REPORT_BYTES, maxPayload - OVERHEAD_BYTES);
    const reports: Promise<readonly Checkpoint[]>[] = [];
    let some: Checkpoint[] = [];
    let texts: string[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (some.length > 0) reports.push(this.#transmit(recorder, some, encodeTexts(texts)));
      [some, texts, bytes] = [[], [], 0];
    };
    for (const checkpoint of checkpoints) {
      const text = JSON.stringify(checkpoint);
      // A guess from below is enough to know that counting is worth it.
      const size = text.length > limit / 3 ? Buffer.byteLength(text) : text.length * 3;
      if (size > limit) {
        left.push(checkpoint);
        continue;
      }
      if (bytes + size > limit) flush();
      some.push(checkpoint);
      texts.push(text);
      bytes += size;
    }
    flush();
    return reports;
  }

  #transmit(
    recorder: string,
    checkpoints: readonly Checkpoint[],
    body: Uint8Array,
  ): Promise<readonly Checkpoint[]> {
    const { connection, subjects, presence } = this.#options;
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
