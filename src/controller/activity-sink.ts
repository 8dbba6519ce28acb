import type { Bus, Consumer, Delivery } from '../bus/bus.ts';
import type { ActivityEntry } from '../task/task.ts';
import { Announcer } from './announcer.ts';
import { Lane } from './lane.ts';
import { Outage } from './outage.ts';
import type { Clock, Ledger, Log } from './ports.ts';

const MAX_BATCH = 1000;

/** Writes what steps say to the ledger, in batches, and tells the watchers. */
export async function consumeActivity(parts: {
  readonly bus: Bus;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxInFlight: number;
}): Promise<Consumer> {
  const { bus, ledger, clock, log, maxInFlight } = parts;
  const outage = new Outage({ clock, log, name: 'activity' });
  const announcer = new Announcer({ bus, clock });
  const save = async (batch: readonly Delivery<ActivityEntry>[]): Promise<void> => {
    try {
      await ledger.saveActivity(batch.map(({ message }) => message));
    } catch (error) {
      const delayMs = outage.failed(error, batch.length);
      for (const delivery of batch) delivery.release(delayMs);
      return;
    }
    outage.succeeded();
    for (const delivery of batch) delivery.ack();
    announcer.changed(
      batch.map(({ message }) => message.runId),
      [],
    );
  };
  const lane = new Lane({ process: save, maxBatch: MAX_BATCH, log });
  const consumer = await bus.consumeActivity({ maxInFlight }, (batch) => {
    for (const delivery of batch) lane.push(delivery);
  });
  return {
    stop: async () => {
      await consumer.stop();
      const left = await lane.stop();
      if (left.length > 0) await save(left);
      announcer.flush();
    },
  };
}
