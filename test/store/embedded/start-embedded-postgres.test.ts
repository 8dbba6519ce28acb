import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, realpathSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { connect } from '../../../src/store/connect.ts';
import { isAlive } from '../../../src/store/embedded/process-identity.ts';
import {
  startEmbeddedPostgres,
  type EmbeddedOptions,
} from '../../../src/store/embedded/start-embedded-postgres.ts';

const FAST = { settings: { fsync: 'off' } };
const IS_ROOT = process.getuid?.() === 0;

let folder: string;
let dataDir: string;
let ends: (() => Promise<unknown>)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-embedded-'));
  await chmod(folder, 0o755);
  dataDir = join(folder, 'postgres');
  ends = [];
});

afterEach(async () => {
  for (const end of ends.toReversed()) await end().catch(() => undefined);
  const real = lstatSync(dataDir, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (real) await rm(realpathSync(dataDir), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedOptions> = {}) {
  const server = await startEmbeddedPostgres({ dataDir, ...FAST, ...options });
  ends.push(() => server.stop());
  return server;
}

async function query(
  url: string,
  text: string,
): Promise<readonly { readonly [column: string]: unknown }[]> {
  const sql = connect(url, { name: 'test', max: 1 });
  try {
    return await sql.script(text);
  } finally {
    await sql.end();
  }
}

interface Holder {
  readonly child: ChildProcess;
  readonly said: { url?: string; pid?: number; error?: string };
}

async function hold(dir: string, options: SpawnOptions = {}): Promise<Holder> {
  const script = join(import.meta.dirname, 'hold-database.ts');
  const child = spawn(process.execPath, [script, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...options,
  });
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  const said = JSON.parse(line) as Holder['said'];
  ends.push(async () => {
    child.kill('SIGKILL');
    if (said.pid !== undefined && isAlive(said.pid)) process.kill(said.pid, 'SIGQUIT');
  });
  return { child, said };
}

const gone = (pid: number) => expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);

test('an empty directory → a durable UTF-8 database that psql syntax reaches', async () => {
  const server = await start({ settings: {} });
  const rows = await query(
    server.url,
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
       current_setting('server_encoding') as encoding, 'ä' < 'z' as bytewise`,
  );
  expect(rows).toEqual([{ fsync: 'on', commit: 'on', encoding: 'UTF8', bytewise: false }]);
  await server.stop();
  expect(await server.ended).toBe(0);
  expect(isAlive(server.pid)).toBe(false);
});

test('stopped and started again → the data is there; stop twice is once', async () => {
  const first = await start();
  await query(first.url, 'create table t as select 7 as n');
  await Promise.all([first.stop(), first.stop()]);
  const second = await start();
  expect(await query(second.url, 'select n from t')).toEqual([{ n: 7 }]);
});

test('another living process has the directory → an error that names it and the remedy', async () => {
  const { child, said } = await hold(dataDir);
  await expect(start()).rejects.toMatchObject({
    name: 'DirectoryInUse',
    message: expect.stringMatching(`${dataDir}.*process ${child.pid}.*BEHEST_DATA_DIR`) as string,
  });
  expect(await query(said.url!, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('twice in one process → the second is refused', async () => {
  await start();
  await expect(start()).rejects.toMatchObject({ name: 'DirectoryInUse' });
});

test('its process is SIGKILLed → the next start stops the left-over server and goes on', async () => {
  const { child, said } = await hold(dataDir);
  await query(said.url!, 'create table t as select 7 as n');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(said.pid!)).toBe(true);
  const messages: string[] = [];
  const server = await start({ log: (message) => messages.push(message) });
  expect(isAlive(said.pid!)).toBe(false);
  expect(messages.join()).toContain(String(said.pid));
  expect(await query(server.url, 'select n from t')).toEqual([{ n: 7 }]);
});

test('both are SIGKILLed in the middle of writing → the next start recovers what was committed', async () => {
  const { child, said } = await hold(dataDir);
  const sql = connect(said.url!, { name: 'test', max: 1 });
  ends.push(() => sql.end());
  await sql.script('create table t (n integer)');
  let committed = 0;
  const writing = (async () => {
    for (;;) {
      await sql.script(`insert into t values (${committed})`);
      committed += 1;
    }
  })().catch(() => undefined);
  await expect.poll(() => committed, { timeout: 10_000 }).toBeGreaterThan(50);
  child.kill('SIGKILL');
  process.kill(said.pid!, 'SIGKILL');
  await Promise.all([once(child, 'exit'), writing]);
  const server = await start();
  const [row] = await query(server.url, 'select count(*)::int as n from t');
  expect(row?.['n']).toBeGreaterThanOrEqual(committed);
});

test('its process exits without stopping it → the server ends too', async () => {
  const { child, said } = await hold(dataDir);
  child.stdin!.write('crash\n');
  await gone(said.pid!);
});

test('a pid file whose process id is somebody else’s by now → the server starts', async () => {
  const first = await start();
  await first.stop();
  await writeFile(join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n`);
  const second = await start();
  expect(await query(second.url, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('a lock of a dead process, and of one that has its id now → taken over', async () => {
  await writeFile(`${dataDir}.lock`, '999999999 1');
  await (await start()).stop();
  await writeFile(`${dataDir}.lock`, `${process.pid} 1`);
  await start();
});

test('a cluster of another major version → an error that says what to do', async () => {
  await (await start()).stop();
  await writeFile(join(dataDir, 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow(/Postgres 17.*pg_dump/);
  await writeFile(join(dataDir, 'PG_VERSION'), '18\n');
  await start();
});

test('settings that the server refuses → its own words are in the error', async () => {
  await expect(start({ settings: { shared_buffers: 'much' } })).rejects.toThrow(/shared_buffers/);
  await start();
});

test('a path too long for a socket → a short folder, closed to others', async () => {
  dataDir = join(folder, 'x'.repeat(100), 'postgres');
  const server = await start();
  expect(await query(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  const socket = new URL(server.url).searchParams.get('host')!;
  expect(socket.length).toBeLessThan(90);
  expect((await stat(socket)).mode & 0o077).toBe(0);
  ends.push(() => rm(socket, { recursive: true }));
});

test.each(['socket', 'tcp'] as const)('%s with a wrong password → refused', async (transport) => {
  const server = await start({ transport });
  expect(await query(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  const url = server.url.replace(/:[^:@/]+@/, ':wrong@');
  await expect(query(url, 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test.runIf(IS_ROOT)(
  'as root below a folder only root may enter → data and programs lie elsewhere',
  async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    dataDir = join(closed, 'postgres');
    const first = await start();
    await query(first.url, 'create table t as select 7 as n');
    await first.stop();
    expect(lstatSync(dataDir).isSymbolicLink()).toBe(true);
    const second = await start();
    expect(await query(second.url, 'select n from t')).toEqual([{ n: 7 }]);
  },
);

test.runIf(IS_ROOT)('as an ordinary user → the server is that user’s', async () => {
  const home = join(folder, 'home');
  await mkdir(home);
  await chown(home, 65_534, 65_534);
  const { child, said } = await hold(join(home, 'postgres'), { uid: 65_534, gid: 65_534 });
  expect(said.error).toBe(undefined);
  expect(await query(said.url!, 'select 1 as n')).toEqual([{ n: 1 }]);
  const status = await readFile(`/proc/${said.pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\s+65534\s/m);
  child.stdin!.write('stop\n');
  await gone(said.pid!);
});
