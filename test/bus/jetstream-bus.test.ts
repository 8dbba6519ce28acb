import { afterAll, describe } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import { natsService } from '../services/nats.ts';
import { busContract } from './bus-contract.ts';

const nats = await natsService();
let opened = 0;

afterAll(async () => {
  await nats?.stop();
});

describe.skipIf(nats === null)('with a NATS server', () => {
  busContract('JetStream', () => {
    opened += 1;
    const prefix = `test${process.pid}x${opened}`;
    const buses: Bus[] = [];
    return Promise.resolve({
      connect: async () => {
        const url = nats?.url ?? '';
        const bus = await createJetStreamBus({ url, name: 'contract test', prefix });
        buses.push(bus);
        return bus;
      },
      close: async () => {
        await Promise.all(buses.map((bus) => bus.close()));
      },
    });
  });
});
