import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { hash32 } from '../engine/hash.ts';
import type { BusLog } from './bus-log.ts';
import { listen } from './listen.ts';
import type { Subjects } from './subjects.ts';

const BEAT_MS = 1_000;
/** A recorder that was not heard for so long is gone, or as good as gone. */
const GONE_MS = 3_500;

/** What recorders say of themselves; a newcomer says hello, and they answer at once. */
type Word =
  { readonly kind: 'hello' } | { readonly kind: 'here' | 'leaving'; readonly recorder: string };

interface Recorder {
  readonly id: string;
  /** Of its id; makes each recorder rank the runs in an order of its own. */
  readonly seed: number;
  heardAt: number;
}

export interface PresenceOptions {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly log: BusLog;
}

/**
 * Who records checkpoints, as far as this process has heard, and to which of them a run belongs:
 * the one that ranks it highest (rendezvous hashing), so that a recorder that comes or goes moves
 * only its own share. A view, never the truth: two processes may differ for some seconds, and the
 * ledger's guard on each run makes that a waste and no harm.
 */
export class Presence {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #log: BusLog;
  readonly #recorders = new Map<string, Recorder>();
  readonly #subscription: Subscription;
  #own: Recorder | null = null;
  #beat: NodeJS.Timeout | undefined;

  constructor({ connection, subjects, log }: PresenceOptions) {
    this.#connection = connection;
    this.#subject = subjects.presence;
    this.#log = log;
    const hear = (msg: Msg): void => this.#hear(read(msg));
    this.#subscription = listen(connection, this.#subject, { log, hear });
    this.#say({ kind: 'hello' });
  }

  /** From now on this process records, under this name. */
  join(id: string): void {
    if (this.#own !== null) throw new Error('this process consumes checkpoints already');
    this.#own = { id, seed: hash32(id), heardAt: Infinity };
    this.#recorders.set(id, this.#own);
    this.#sayHere();
    this.#beat = setInterval(() => this.#sayHere(), BEAT_MS);
    this.#beat.unref();
  }

  leave(): void {
    if (this.#own === null) return;
    clearInterval(this.#beat);
    this.#say({ kind: 'leaving', recorder: this.#own.id });
    this.#recorders.delete(this.#own.id);
    this.#own = null;
  }

  close(): void {
    this.leave();
    if (!this.#connection.isClosed()) this.#subscription.unsubscribe();
  }

  /** The recorder that a run belongs to; null when none is known. */
  recorderOf(runId: string): string | null {
    return this.#highest(runId)?.id ?? null;
  }

  isOurs(runId: string): boolean {
    return this.#own !== null && this.#highest(runId) === this.#own;
  }

  /** It did not answer: as good as gone, until it is heard again. */
  forget(id: string, reason: string): void {
    if (id === this.#own?.id || !this.#recorders.delete(id)) return;
    this.#log.warn('nats.recorder_silent', { recorder: id, reason });
  }

  #highest(runId: string): Recorder | null {
    const deadline = performance.now() - GONE_MS;
    let best: Recorder | null = null;
    let bestRank = -1;
    for (const each of this.#recorders.values()) {
      if (each.heardAt < deadline) continue;
      const rank = this.#recorders.size === 1 ? 0 : hash32(runId, each.seed);
      if (rank > bestRank || (rank === bestRank && best !== null && each.id < best.id)) {
        best = each;
        bestRank = rank;
      }
    }
    return best;
  }

  #hear(word: Word): void {
    if (word.kind === 'hello') {
      if (this.#own !== null) this.#sayHere();
      return;
    }
    const { recorder: id } = word;
    if (id === this.#own?.id) return;
    const known = this.#recorders.get(id);
    if (word.kind === 'leaving') this.#recorders.delete(id);
    else if (known !== undefined) known.heardAt = performance.now();
    else {
      this.#dropGone();
      this.#recorders.set(id, { id, seed: hash32(id), heardAt: performance.now() });
    }
  }

  #dropGone(): void {
    const deadline = performance.now() - GONE_MS;
    for (const [id, { heardAt }] of this.#recorders) {
      if (heardAt < deadline) this.#recorders.delete(id);
    }
  }

  #sayHere(): void {
    if (this.#own !== null) this.#say({ kind: 'here', recorder: this.#own.id });
  }

  #say(word: Word): void {
    if (this.#connection.isClosed()) return;
    this.#connection.publish(this.#subject, JSON.stringify(word));
  }
}

/** Of what a recorder's name consists, which becomes part of a subject. */
const NAME = /^[\w-]+$/;

function read(msg: Msg): Word {
  const { kind, recorder } = msg.json<{ readonly kind?: unknown; readonly recorder?: unknown }>();
  if (kind === 'hello') return { kind };
  const isNamed = typeof recorder === 'string' && NAME.test(recorder);
  if (isNamed && (kind === 'here' || kind === 'leaving')) return { kind, recorder };
  throw new Error('expected hello, or the name of a recorder that is here or leaving');
}
