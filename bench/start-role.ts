import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Programs } from './programs.ts';

export interface RoleOptions {
  readonly programs: Programs;
  /** Logs go here. */
  readonly folder: string;
  /** Where a CPU profile goes. */
  readonly profiles?: string;
}

export interface StartedRole {
  readonly child: ChildProcess;
  /** Where it answers; null when it does not listen. */
  readonly url: string | null;
}

/** A role as a process of its own; resolves when it says that it is ready. */
export async function startRole(role: string, options: RoleOptions): Promise<StartedRole> {
  const { profiles, folder, programs } = options;
  const profiling =
    profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}/${role}`];
  // A process that gave itself its flags would no longer hear us: so it is given those of this one,
  // which was started with what is shipped, and its environment with them.
  const flags = process.execArgv.filter((each) => !each.startsWith('--cpu-prof'));
  const child = spawn(process.execPath, [...flags, ...profiling, programs.role, role], {
    cwd: folder,
    // `ready` is said at level info.
    env: { ...process.env, LOG_LEVEL: 'info', PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said = await new Promise<string>((ready, reject) => {
    let heard = '';
    const hear = (text: string): void => {
      void appendFile(join(folder, `${role}.log`), text);
      if (heard.length < 100_000) heard += text;
      const line = heard.split('\n').find((each) => each.includes(`${role}.ready`));
      if (line !== undefined) ready(line);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', hear);
    }
    child.once('exit', (code) => reject(new Error(`${role} ended with ${code}: ${heard}`)));
  });
  return { child, url: /"url":"(http[^"]+)"/.exec(said)?.[1] ?? null };
}

/** Has a role end in order; resolves when it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}
