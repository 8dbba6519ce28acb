import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../simulation/dice.ts';
import type { Fleet } from './fleet.ts';
import type { Member } from './member.ts';

/** One way to hurt the installation; resolves when what was taken away is back. */
export interface Blow {
  readonly name: string;
  /** How many shares of the lot it gets. */
  readonly weight: number;
  readonly strike: (fleet: Fleet, dice: Dice) => Promise<void>;
}

const LONGEST_DOWN_MS = 2_000;

export const blows: readonly Blow[] = [
  {
    name: 'one controller killed',
    weight: 3,
    strike: ({ controllers }, dice) => restart([dice.pick(controllers)], dice),
  },
  {
    name: 'both controllers killed',
    weight: 2,
    strike: ({ controllers }, dice) => restart(controllers, dice),
  },
  {
    name: 'one runner killed',
    weight: 3,
    strike: ({ runners }, dice) => restart([dice.pick(runners)], dice),
  },
  {
    name: 'all runners killed',
    weight: 2,
    strike: ({ runners }, dice) => restart(runners, dice),
  },
  { name: 'API killed', weight: 1, strike: ({ api }, dice) => restart([api], dice) },
  {
    name: 'nats-server killed',
    weight: 2,
    strike: async ({ nats }, dice) => {
      await nats.kill();
      await down(dice);
      await nats.start();
    },
  },
  {
    name: 'nats-server killed, its store deleted',
    weight: 2,
    strike: async ({ nats }, dice) => {
      await nats.kill();
      await nats.wipe();
      await down(dice);
      await nats.start();
    },
  },
  {
    name: 'JetStream store deleted under the server',
    weight: 2,
    strike: ({ nats }) => nats.wipe(),
  },
  {
    name: 'queued tasks deleted, runners and nats-server killed',
    weight: 1,
    strike: async ({ nats, runners }, dice) => {
      await Promise.all(runners.map((runner) => runner.kill()));
      // Meanwhile checkpoints that had been sent lead to tasks that nobody takes.
      await sleep(1_000);
      await nats.kill();
      await nats.wipe();
      await down(dice);
      await nats.start();
      for (const runner of runners) runner.start();
    },
  },
  {
    name: 'Postgres killed',
    weight: 2,
    strike: async ({ postgres }, dice) => {
      await postgres.kill();
      await down(dice);
      await postgres.start();
    },
  },
  { name: 'everything killed', weight: 1, strike: killEverything },
  {
    name: 'a runner’s connection cut',
    weight: 2,
    strike: async ({ runnerWires }, dice) => {
      const wire = dice.pick(runnerWires);
      wire.cut();
      await sleep(dice.between(500, 6_000));
      wire.heal();
    },
  },
  {
    name: 'a runner’s connection silent',
    weight: 2,
    strike: async ({ runnerWires }, dice) => {
      const wire = dice.pick(runnerWires);
      wire.freeze();
      await sleep(dice.between(2_000, 8_000));
      wire.heal();
    },
  },
  {
    name: 'controllers’ database connection silent',
    weight: 1,
    strike: async ({ databaseWire }, dice) => {
      databaseWire.freeze();
      await sleep(dice.between(1_000, 5_000));
      databaseWire.heal();
    },
  },
  {
    name: 'controllers’ database connection cut',
    weight: 1,
    strike: async ({ databaseWire }, dice) => {
      databaseWire.cut();
      await down(dice);
      databaseWire.heal();
    },
  },
  {
    name: 'one controller stands still',
    weight: 1,
    strike: ({ controllers }, dice) => standStill(dice.pick(controllers), dice),
  },
  {
    name: 'one runner stands still',
    weight: 1,
    strike: ({ runners }, dice) => standStill(dice.pick(runners), dice),
  },
];

/**
 * Each once, in an order that the dice decide, and then by weight for ever. Only those whose name
 * contains one of these texts, separated by commas.
 */
export function* lots(dice: Dice, only = ''): Generator<Blow> {
  const chosen = blows.filter(({ name }) => only.split(',').some((text) => name.includes(text)));
  const first = chosen.map((blow) => ({ blow, at: dice.next() }));
  for (const { blow } of first.toSorted((a, b) => a.at - b.at)) yield blow;
  const all = chosen.flatMap((blow) => Array.from({ length: blow.weight }, () => blow));
  for (;;) yield dice.pick(all);
}

async function down(dice: Dice): Promise<void> {
  await sleep(dice.between(0, LONGEST_DOWN_MS));
}

async function restart(members: readonly Member[], dice: Dice): Promise<void> {
  await Promise.all(members.map((member) => member.kill()));
  await down(dice);
  for (const member of members) member.start();
}

/** A long pause of the machine: the process comes back and believes that no time has passed. */
async function standStill(member: Member, dice: Dice): Promise<void> {
  member.pause();
  await sleep(dice.between(3_000, 15_000));
  member.resume();
}

/** A power cut; the parts come back in any order. */
async function killEverything(fleet: Fleet, dice: Dice): Promise<void> {
  const members = [...fleet.controllers, ...fleet.runners, fleet.api];
  await Promise.all([
    fleet.nats.kill(),
    fleet.postgres.kill(),
    ...members.map((member) => member.kill()),
  ]);
  if (dice.chance(0.5)) await fleet.nats.wipe();
  const starts = [
    () => fleet.nats.start(),
    () => fleet.postgres.start(),
    ...members.map((member) => async () => member.start()),
  ];
  const order = starts.map((start) => ({ start, at: dice.next() }));
  for (const { start } of order.toSorted((a, b) => a.at - b.at)) {
    await start();
    await sleep(dice.between(0, 300));
  }
}
