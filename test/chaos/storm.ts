import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/store/connect.ts';
import { Dice } from '../simulation/dice.ts';
import { until } from '../services/until.ts';
import { type Blow, lots } from './blows.ts';
import { type Fleet, membersOf, openFleet } from './fleet.ts';
import { Memory } from './memory.ts';
import { Observer } from './observer.ts';
import type { Heal, StormReport } from './report.ts';
import { submitRuns, workflowIsKnown } from './submit.ts';
import { judge } from './verdict.ts';

export interface StormOptions {
  readonly seed: number;
  readonly runs: number;
  readonly steps: number;
  /** At least so long; a measured storm also until every blow was struck once. */
  readonly seconds: number;
  /** Wait after each blow until everything that stood has moved, and say how long it took. */
  readonly measured: boolean;
  /** Strike only blows whose name contains this. */
  readonly blow?: string;
  /** Folder for what the processes print. */
  readonly logs?: string;
  readonly say: (line: string) => void;
}

/** Runs before the first blow, in which nothing may happen twice. */
const CALM_RUNS = 20;
const CALM_MOOD = { latencyMs: 20, slowShare: 0, slowMs: 0, failShare: 0 };
const STORM_MOOD = { slowShare: 0.03, slowMs: 2_500, failShare: 0.01 };
/** A blow that has not healed by then is left behind; the end tells. */
const HEAL_LIMIT_MS = 60_000;
const END_LIMIT_MS = 180_000;

/** Kills and cuts all that there is while runs are under way, and judges what came of them. */
export async function distributedStorm(options: StormOptions): Promise<StormReport | null> {
  const { seed, steps } = options;
  const fleet = await openFleet({ seed, steps, controllers: 2, runners: 3 });
  if (fleet === null) return null;
  const observer = new Observer(fleet.postgres.urlAt());
  try {
    return await rage(fleet, observer, options);
  } finally {
    await observer.stop();
    await fleet.stop();
  }
}

async function rage(fleet: Fleet, observer: Observer, options: StormOptions): Promise<StormReport> {
  const { runs, steps, say } = options;
  await workflowIsKnown(fleet.door);
  await fleet.ledger.setMood(CALM_MOOD);
  const calm = await submitRuns(fleet.door, { prefix: 'calm', count: CALM_RUNS, overMs: 0 });
  await allFinished(observer, calm.length);
  say(`calm: ${calm.length} runs`);

  const seconds = options.seconds;
  await fleet.ledger.setMood({ ...STORM_MOOD, latencyMs: latencyOf(options) });
  const memory = new Memory(membersOf(fleet));
  const submitting = submitRuns(fleet.door, {
    prefix: 'storm',
    count: runs,
    overMs: seconds * 900,
  });
  const heals = await strikeAll(fleet, observer, options);
  const accepted = [...calm, ...(await submitting)];
  say(`the storm is over; ${observer.finished} of ${accepted.length} runs have finished`);
  const endedAt = Date.now();
  await allFinished(observer, accepted.length).catch((error: Error) => say(error.message));
  const tailMs = Date.now() - endedAt;
  // In a dense storm the next blow comes before the last has healed: only now it is known.
  const healed = heals.map((heal) => ({ ...heal, nextMs: observer.nextMove(heal.from) }));
  const rss = memory.stop();
  const evidence = {
    runs: accepted,
    steps,
    disturbances: heals.map(({ from, to }) => ({ from, to })),
  };
  const sql = connect(fleet.postgres.urlAt(), { name: 'judge', max: 1 });
  const verdict = await judge({ ...evidence, sql, effects: await fleet.ledger.all() });
  await sql.end();
  if (options.logs !== undefined) await keepLogs(fleet, options.logs);
  const accidents = membersOf(fleet).flatMap((member) => member.accidents);
  return { verdict, heals: healed, tailMs, rss, accidents, runs: accepted.length };
}

async function keepLogs(fleet: Fleet, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, log } of membersOf(fleet)) {
    await writeFile(join(folder, `${name.replace(' ', '-')}.log`), log);
  }
}

function latencyOf({ seconds, steps }: StormOptions): number {
  return Math.min(1_000, (seconds * 300) / steps);
}

async function allFinished(observer: Observer, count: number): Promise<void> {
  const probe = async () => (observer.finished >= count ? true : undefined);
  await until(`${count} runs have finished`, probe, { timeoutMs: END_LIMIT_MS });
}

async function strikeAll(
  fleet: Fleet,
  observer: Observer,
  { seed, seconds, measured, blow: only, say }: StormOptions,
): Promise<Heal[]> {
  const dice = new Dice(seed);
  const heals: Heal[] = [];
  const endAt = Date.now() + seconds * 1000;
  for (const blow of lots(dice, only)) {
    if (Date.now() > endAt) break;
    await observer.look();
    if (heals.length > 0 && observer.unfinished.length === 0) break;
    await sleep(dice.between(measured ? 1_500 : 100, 2_500));
    const heal = await strike({ fleet, observer, dice: dice.fork(), measured }, blow);
    heals.push(heal);
    const { nextMs, allMs, name, from, to } = heal;
    say(`${name}: down ${to - from} ms, next ${nextMs ?? '?'} ms, all ${allMs ?? '?'} ms`);
  }
  return heals;
}

interface Scene {
  readonly fleet: Fleet;
  readonly observer: Observer;
  readonly dice: Dice;
  readonly measured: boolean;
}

async function strike({ fleet, observer, dice, measured }: Scene, blow: Blow): Promise<Heal> {
  await observer.look();
  const from = Date.now();
  const standing = observer.unfinished;
  await blow.strike(fleet, dice);
  const to = Date.now();
  if (measured) await allMoved(observer, standing, from);
  const times = observer.movesOf(standing, from);
  const isAll = times.length === standing.length;
  return {
    name: blow.name,
    from,
    to,
    nextMs: observer.nextMove(from),
    allMs: isAll ? (times.at(-1) ?? 0) : null,
  };
}

async function allMoved(observer: Observer, standing: readonly string[], from: number) {
  const probe = async () =>
    observer.movesOf(standing, from).length === standing.length ? true : undefined;
  await until('all runs have moved', probe, { timeoutMs: HEAL_LIMIT_MS }).catch(() => undefined);
}
