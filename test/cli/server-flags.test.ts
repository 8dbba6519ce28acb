import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFlags } from '../../bin/node-flags.mjs';

const PROGRAM = resolve(import.meta.dirname, '../../bin/behest.mjs');
/** Tells, whatever the program does, how its process was started when it ends. */
const TELL =
  'process.on("exit",()=>console.log(JSON.stringify(' +
  '[process.pid,process.execArgv,process.env.MALLOC_ARENA_MAX??""])))';

interface Ended {
  readonly pid: number | undefined;
  /** What each process told at its end; one that was replaced has none. */
  readonly told: readonly (readonly [pid: number, flags: readonly string[], arenas: string])[];
  readonly errors: string;
}

function run(
  args: readonly string[],
  { options = '', ...given }: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  // No setting at all: a server says what it misses, and ends.
  const tell = `--import=data:text/javascript,${encodeURIComponent(TELL)}`;
  const env = { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: `${tell} ${options}`, ...given };
  return new Promise((done) => {
    const child = execFile(process.execPath, [PROGRAM, ...args], { env }, (_, out, errors) => {
      const lines = out.split('\n').filter((line) => line.startsWith('['));
      done({ pid: child.pid, told: lines.map((line) => JSON.parse(line)), errors });
    });
  });
}

test.each(['controller', 'api', 'runner'])(
  'behest %s → runs with the flags of a server, in the process that was started',
  async (role) => {
    const { pid, told, errors } = await run([role]);
    expect(told).toEqual([[pid, nodeFlags, '1']]);
    expect(errors).toContain(`behest ${role} works together with other processes`);
  },
);

test('a size that somebody has chosen → stays', async () => {
  const { told } = await run(['runner'], { options: '--max-semi-space-size=2' });
  expect(told.map(([, flags]) => flags)).toEqual([[]]);
});

test('arenas of memory that somebody has chosen → stay', async () => {
  const { told } = await run(['runner'], { MALLOC_ARENA_MAX: '3' });
  expect(told.map(([, , arenas]) => arenas)).toEqual(['3']);
});

test('a verb that is no server → runs as it was started', async () => {
  const { pid, told } = await run(['--version']);
  expect(told).toEqual([[pid, [], '']]);
});
