import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Consumer } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import type { JetStreamDelivery } from './jetstream-delivery.ts';
import { PullPump, type Unpack } from './pull-pump.ts';
import type { Slots } from './slots.ts';
import type { StreamKeeper } from './stream-keeper.ts';
import { backlogOf, deleteConsumer, ensureConsumer, type Source } from './streams.ts';
import { untilDone } from './until-done.ts';

/** What to take from which streams, into which slots. */
export interface Consumption {
  readonly sources: readonly Source[];
  readonly slots: Slots;
  readonly onMessage: (delivery: JetStreamDelivery) => void;
  readonly unpack?: Unpack;
}

export interface StreamConsumersOptions {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly streams: StreamKeeper;
  readonly isConnected: () => boolean;
  readonly log: BusLog;
}

/** All that this process takes from streams, each by a pump of its own. */
export class StreamConsumers {
  readonly #options: StreamConsumersOptions;
  readonly #pumps = new Set<PullPump>();

  constructor(options: StreamConsumersOptions) {
    this.#options = options;
    const { streams } = options;
    streams.onLoss(() => {
      for (const pump of this.#pumps) pump.streamCreated(streams.createdAt(pump.stream));
    });
  }

  /** Resolves when the server knows of it. */
  async consume({ sources, ...intake }: Consumption): Promise<Consumer> {
    const { jsm, streams, log } = this.#options;
    const shared = sources.length > 1;
    const ensure = () => Promise.all(sources.map((source) => ensureConsumer(jsm, source)));
    await untilDone(ensure, log, () => streams.ensure());
    const pumps = sources.map((source) => this.#pump(source, { shared, ...intake }));
    for (const pump of pumps) this.#pumps.add(pump);
    return {
      stop: async () => {
        for (const pump of pumps) this.#pumps.delete(pump);
        await Promise.all(pumps.map((pump) => pump.stop()));
      },
    };
  }

  /** The server forgot what was asked for, and may have come back without its streams. */
  reconnected(): void {
    for (const pump of this.#pumps) void pump.recover('reconnected');
  }

  #pump(source: Source, intake: Omit<Consumption, 'sources'> & { shared: boolean }): PullPump {
    const { connection, jsm, streams, isConnected, log } = this.#options;
    const recreate = async (): Promise<void> => {
      await streams.ensure();
      await ensureConsumer(jsm, source);
    };
    const inspect = () => backlogOf(jsm, source);
    const discard = () => deleteConsumer(jsm, source);
    const looks = { isConnected, inspect, discard, recreate };
    return new PullPump({ connection, source, log, ...intake, ...looks });
  }
}
