import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { isFinal } from '../../src/record/run.ts';
import { localNats, natsService, type NatsService } from '../services/nats.ts';
import { until } from '../services/until.ts';
import { Rig } from './rig.ts';

const nats = await natsService();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A connection for each, as between processes. */
function jetStream(service: NatsService): () => Promise<Bus> {
  const prefix = `t${randomUUID().slice(0, 8)}`;
  return () => createJetStreamBus({ name: 'test', url: service.url, prefix });
}

function inProcess(): () => Promise<Bus> {
  const bus = createInProcessBus();
  return () => Promise.resolve(bus);
}

async function start(connect: () => Promise<Bus>): Promise<Rig> {
  const rig = await Rig.start({ connect, controllers: 2, runners: 3 });
  stops.push(() => rig.stop());
  return rig;
}

/** Each step attempt that a behaviour made, so that a double effect shows. */
function counted(rig: Rig): Map<string, number> {
  const made = new Map<string, number>();
  rig.behaviours['count'] = async (context) => {
    made.set(context.task.id, (made.get(context.task.id) ?? 0) + 1);
    await new Promise((done) => setTimeout(done, 1));
    return context.task.stepId;
  };
  return made;
}

async function allEnd(rig: Rig, ids: readonly string[]): Promise<void> {
  await until(
    'all runs end',
    async () => {
      const runs = await rig.ledger.loadRuns(ids);
      return runs.every(({ run }) => isFinal(run.status)) ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
}

async function expectEachOnce(rig: Rig, ids: readonly string[], steps: number): Promise<void> {
  for (const { run, facts } of await rig.ledger.loadRuns(ids)) {
    expect(run.status).toBe('completed');
    const attempts = facts.flatMap(({ fact }) =>
      fact.kind === 'attempt' ? [`${fact.step}.${fact.attempt}`] : [],
    );
    expect(attempts).toEqual(Array.from({ length: steps }, (_, step) => `${step}.1`));
    expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, index) => index + 1));
  }
}

const STEPS = Array.from({ length: 5 }, (_, i) => ({
  id: `s${i}`,
  type: 'act',
  config: { do: 'count' },
}));

describe.each([
  ['the in-process bus', true, inProcess],
  ['JetStream', nats !== null, () => jetStream(nats!)],
] as const)('two controllers and three runners on %s', (_name, isThere, connections) => {
  test.runIf(isThere)(
    'a hundred runs at once → each step applied exactly once, in order',
    async () => {
      const rig = await start(connections());
      const made = counted(rig);
      await rig.register('five', STEPS);
      const ids = await Promise.all(Array.from({ length: 100 }, () => rig.startRun('five')));
      await allEnd(rig, ids);
      await expectEachOnce(rig, ids, 5);
      expect(made.size).toBe(500);
      expect(Math.max(...made.values())).toBe(1);
    },
    90_000,
  );

  test.runIf(isThere)(
    'a controller that stops in the middle → the other one finishes the runs',
    async () => {
      const rig = await start(connections());
      counted(rig);
      const third = await rig.addController();
      await rig.register('five', STEPS);
      const ids = await Promise.all(Array.from({ length: 60 }, () => rig.startRun('five')));
      await third.stop();
      await allEnd(rig, ids);
      await expectEachOnce(rig, ids, 5);
    },
    90_000,
  );
});

test.runIf(nats !== null)(
  'the whole JetStream store deleted in the middle → every run still ends right',
  async () => {
    const server = await localNats();
    stops.push(() => server!.stop());
    const rig = await start(jetStream(server!));
    const made = counted(rig);
    await rig.register('five', STEPS);
    const ids = await Promise.all(Array.from({ length: 200 }, () => rig.startRun('five')));
    await until('some steps are done', () => Promise.resolve(made.size > 100 ? true : undefined));
    await server!.local!.kill();
    await server!.local!.wipe();
    await server!.local!.start();
    await allEnd(rig, ids);
    await expectEachOnce(rig, ids, 5);
  },
  120_000,
);
