import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * True while a process with this id runs, whoever owns it. One that has ended but was not waited
 * for does not count: containers without an init keep those for long.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  const state = statFields(pid)[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** What /proc says of a process from its state on; empty when there is none. */
function statFields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in parentheses, may hold spaces; the fields are counted after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // It has just ended.
  }
}

/**
 * When the process began, as text that differs between two processes that had the same id; empty
 * when there is none or the system does not say. Containers hand out the same ids again and again.
 */
export function startTime(pid: number): string {
  if (process.platform === 'win32') return '';
  if (process.platform === 'linux') return statFields(pid)[19] ?? '';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return ''; // It has just ended.
  }
}

/** Whether this process is a Postgres server on this data directory, as far as one can tell. */
export function isServerOf(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === cluster;
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(cluster);
  } catch {
    return false; // It has just ended, or belongs to somebody whose server this cannot be.
  }
}
