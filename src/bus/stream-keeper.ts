import type { JetStreamManager } from '@nats-io/jetstream';
import type { Consumer } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import { deleteStream, ensureStream, streamSettings } from './streams.ts';
import type { Subjects } from './subjects.ts';

export interface StreamKeeperOptions {
  readonly jsm: JetStreamManager;
  readonly subjects: Subjects;
  /** Copies in a NATS cluster. */
  readonly replicas: number;
  readonly log: BusLog;
}

/** Sees to it that the streams are there, and notices when one is not the one that it was. */
export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  /** When each stream was created, by its name. */
  readonly #created = new Map<string, string>();
  readonly #lossHandlers = new Set<() => void>();
  readonly #replacing = new Map<string, Promise<void>>();
  #ensuring: Promise<void> | null = null;

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
  }

  /** All callers at once share one pass. */
  ensure(): Promise<void> {
    this.#ensuring ??= this.#create().finally(() => {
      this.#ensuring = null;
    });
    return this.#ensuring;
  }

  /** Nothing depends on a message, so a stream that lost its files is worth less than a new one. */
  replace(subject: string): Promise<void> {
    const stream = this.#options.subjects.streamOf(subject);
    let replacing = this.#replacing.get(stream);
    if (replacing === undefined) {
      replacing = this.#makeAnew(stream).finally(() => this.#replacing.delete(stream));
      this.#replacing.set(stream, replacing);
    }
    return replacing;
  }

  /** Calls back when a stream was made anew, so that what the old one held is gone. */
  onLoss(handler: () => void): Consumer {
    this.#lossHandlers.add(handler);
    const stop = (): Promise<void> => {
      this.#lossHandlers.delete(handler);
      return Promise.resolve();
    };
    return { stop };
  }

  /** When this stream was created, epoch ms, as far as is known. */
  createdAt(stream: string): number {
    return Date.parse(this.#created.get(stream) ?? '');
  }

  async #makeAnew(stream: string): Promise<void> {
    const { jsm, log } = this.#options;
    log.error('nats.stream_replaced', { stream });
    await deleteStream(jsm, stream);
    // A pass under way may be past this stream already; its own callers hear how it ended.
    await this.#ensuring?.catch(() => undefined);
    await this.ensure();
  }

  async #create(): Promise<void> {
    const { jsm, subjects, replicas } = this.#options;
    let isLoss = false;
    for (const settings of streamSettings(subjects, replicas)) {
      const created = await ensureStream(jsm, settings);
      const before = this.#created.get(settings.name);
      this.#created.set(settings.name, created);
      isLoss ||= before !== undefined && before !== created;
    }
    if (isLoss) for (const handler of this.#lossHandlers) handler();
  }
}
