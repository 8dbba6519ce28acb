import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/store/connect.ts';
import { readPassword, SUPERUSER } from '../../src/store/embedded/cluster.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/start-embedded-postgres.ts';
import { Dice } from '../simulation/dice.ts';
import { freePort } from '../services/free-port.ts';
import { until } from '../services/until.ts';
import { chainManifest } from './chain.ts';
import { type EffectsClient, startEffectsLedger } from './effects-client.ts';
import { Member } from './member.ts';
import { Memory } from './memory.ts';
import { Observer } from './observer.ts';
import type { Heal, StormReport } from './report.ts';
import { type Door, submitRuns, workflowIsKnown } from './submit.ts';
import { judge } from './verdict.ts';

export interface EmbeddedStormOptions {
  readonly seed: number;
  readonly runs: number;
  readonly steps: number;
  readonly kills: number;
  readonly say: (line: string) => void;
}

interface Scene {
  readonly up: Member;
  readonly door: Door;
  readonly ledger: EffectsClient;
}

const END_LIMIT_MS = 120_000;

/** `behest up` with all that is built in, killed again and again on the same data. */
export async function embeddedStorm(options: EmbeddedStormOptions): Promise<StormReport> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'behest-up-')));
  // As root the embedded Postgres is another user, who must get in.
  await chmod(folder, 0o755);
  const ledger = await startEffectsLedger(options.seed);
  await mkdir(join(folder, 'flows'));
  await writeFile(join(folder, 'flows', 'chain.yaml'), chainManifest(options.steps, ledger.port));
  const door = { port: await freePort(), dataDir: join(folder, 'data') };
  const up = new Member('up', {
    role: 'up',
    cwd: folder,
    env: {
      PORT: String(door.port),
      BEHEST_DATA_DIR: door.dataDir,
      BEHEST_SOURCE: './flows',
      BEHEST_HTTP_ALLOW: `127.0.0.1:${ledger.port}`,
    },
  });
  try {
    return await rage({ up, door, ledger }, options);
  } finally {
    await up.stop();
    ledger.stop();
    // A server that the last kill left behind is stopped by whoever comes next.
    await rm(folder, { recursive: true, force: true });
  }
}

async function rage(scene: Scene, options: EmbeddedStormOptions): Promise<StormReport> {
  const { up, door, ledger } = scene;
  const { runs, steps, kills, say } = options;
  await ledger.setMood({ latencyMs: 150, slowShare: 0.03, slowMs: 1_000, failShare: 0.01 });
  up.start();
  await workflowIsKnown(door);
  const observer = new Observer(await databaseUrl(door.dataDir));
  const memory = new Memory([up]);
  const submitting = submitRuns(door, { prefix: 'up', count: runs, overMs: kills * 2_500 });
  const heals: Heal[] = [];
  const dice = new Dice(options.seed);
  for (let kill = 1; kill <= kills; kill += 1) {
    await sleep(dice.between(200, 1_500));
    heals.push(await killOnce(up, observer));
    say(`kill ${kill}: next checkpoint after ${heals.at(-1)?.nextMs ?? '?'} ms`);
  }
  const accepted = await submitting;
  const endedAt = Date.now();
  const probe = async () => (observer.finished >= accepted.length ? true : undefined);
  await until('all runs have finished', probe, { timeoutMs: END_LIMIT_MS }).catch((error: Error) =>
    say(error.message),
  );
  const tailMs = Date.now() - endedAt;
  const rss = memory.stop();
  await observer.stop();
  await up.stop();
  const verdict = await judgeAtRest(scene, { accepted, steps, heals });
  return { verdict, heals, tailMs, rss, accidents: up.accidents, runs: accepted.length };
}

/** Kills and starts at once; resolves when a run has moved on. */
async function killOnce(up: Member, observer: Observer): Promise<Heal> {
  const from = Date.now();
  await up.kill();
  up.start();
  // Postgres outlives the kill until the next start: what had been sent to it is no progress.
  await observer.look();
  await observer.look();
  const to = Date.now();
  const hasMoved = async () => observer.nextMove(to) ?? undefined;
  const movedMs = await until('a run moves on', hasMoved).catch(() => null);
  const nextMs = movedMs === null ? null : movedMs + to - from;
  return { name: '`behest up` killed', from, to, nextMs, allMs: null };
}

/** With the program stopped, its database is read by itself. */
async function judgeAtRest(
  { door, ledger }: Scene,
  seen: { accepted: readonly string[]; steps: number; heals: readonly Heal[] },
): Promise<StormReport['verdict']> {
  const postgres = await startEmbeddedPostgres({ dataDir: join(door.dataDir, 'postgres') });
  const sql = connect(postgres.url, { name: 'judge', max: 1 });
  try {
    const effects = await ledger.all();
    const { accepted: runs, steps, heals: disturbances } = seen;
    return await judge({ sql, effects, runs, steps, disturbances });
  } finally {
    await sql.end();
    await postgres.stop();
  }
}

/** Where the embedded Postgres of this data directory listens while `behest up` runs. */
async function databaseUrl(dataDir: string): Promise<string> {
  const cluster = await realpath(join(dataDir, 'postgres'));
  const password = await readPassword(cluster);
  return `postgres://${SUPERUSER}:${password}@localhost/postgres?host=${encodeURIComponent(cluster)}`;
}
