import type { NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import type { BundleOpener } from '../../src/bus/bundle-opener.ts';
import { silentBusLog } from '../../src/bus/bus-log.ts';
import { HandedIntake } from '../../src/bus/handed-intake.ts';
import { Slots } from '../../src/bus/slots.ts';
import { Subjects } from '../../src/bus/subjects.ts';

function intakeOn(maxPayload: number, slots: Slots): HandedIntake {
  const connection = {
    info: { max_payload: maxPayload },
    subscribe: () => ({ unsubscribe: () => undefined }),
    publish: () => undefined,
    isClosed: () => false,
  } as unknown as NatsConnection;
  return new HandedIntake({
    connection,
    subjects: new Subjects('test'),
    queues: ['default'],
    slots,
    bundles: {} as BundleOpener,
    handler: () => undefined,
    isConnected: () => true,
    log: silentBusLog,
  });
}

test.each([
  { maxPayload: 1_048_576, slots: 1, room: null },
  { maxPayload: 1_048_576, slots: 9, room: 4 },
  { maxPayload: 1_048_576, slots: 100_000, room: 4_096 },
  { maxPayload: 8_192, slots: 100_000, room: 64 },
  { maxPayload: 4_096, slots: 100_000, room: null },
])('$slots slots, messages of $maxPayload bytes → offers $room places', (given) => {
  const intake = intakeOn(given.maxPayload, new Slots(given.slots));
  expect(intake.offer()?.room ?? null).toBe(given.room);
  intake.close();
});
