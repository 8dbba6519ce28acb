import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly ticks: number;
  /** Of children that have ended and were waited for. */
  readonly endedTicks: number;
}

const TICKS_A_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** A process with all that descend from it. */
function tree(root: number): ProcessTimes[] {
  const children = new Map<number, ProcessTimes[]>();
  let top: ProcessTimes | null = null;
  for (const entry of readdirSync('/proc')) {
    const found = /^\d+$/.test(entry) ? timesOf(Number(entry)) : null;
    if (found === null) continue;
    if (found.pid === root) top = found;
    const siblings = children.get(found.parent);
    if (siblings === undefined) children.set(found.parent, [found]);
    else siblings.push(found);
  }
  const all: ProcessTimes[] = top === null ? [] : [top];
  for (const each of all) all.push(...(children.get(each.pid) ?? []));
  return all;
}

function timesOf(pid: number): ProcessTimes | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const nameEnd = stat.lastIndexOf(')');
    const f = stat.slice(nameEnd + 2).split(' ');
    const [ticks, endedTicks] = [Number(f[11]) + Number(f[12]), Number(f[13]) + Number(f[14])];
    const name = stat.slice(stat.indexOf('(') + 1, nameEnd);
    return { pid, parent: Number(f[1]), name, ticks, endedTicks };
  } catch {
    return null; // It has just ended.
  }
}

/** Of a sum over processes, by program. */
export interface Shares {
  readonly total: number;
  readonly node: number;
  readonly postgres: number;
  readonly nats: number;
}

/** CPU seconds (user and system) so far of a process and its descendants, also of ended ones. */
export function cpuOf(root: number): Shares {
  const sums = { total: 0, node: 0, postgres: 0, nats: 0 };
  for (const { name, ticks, endedTicks } of tree(root)) {
    addTo(sums, name, (ticks + endedTicks) / TICKS_A_SECOND);
  }
  return sums;
}

/** CPU seconds from one reading of `cpuOf` to a later one. */
export function cpuBetween(before: Shares, after: Shares): Shares {
  return {
    total: after.total - before.total,
    node: after.node - before.node,
    postgres: after.postgres - before.postgres,
    nats: after.nats - before.nats,
  };
}

/** Proportional set size of a process and its descendants, MB: shared memory is counted once. */
export function memoryOf(root: number): Shares {
  const sums = { total: 0, node: 0, postgres: 0, nats: 0 };
  for (const { pid, name } of tree(root)) addTo(sums, name, pssOf(pid));
  return sums;
}

/** Proportional set size of one process, MB. */
export function pssOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // It has just ended.
  }
}

function addTo(sums: { -readonly [K in keyof Shares]: number }, name: string, value: number): void {
  sums.total += value;
  if (name.startsWith('postgres')) sums.postgres += value;
  else if (name.startsWith('nats')) sums.nats += value;
  else sums.node += value;
}

/** CPU seconds that the whole machine was busy: what neighbours took shows against `cpuOf`. */
export function machineBusy(): number {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
  const f = line.trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = f;
  return (user + nice + system + irq + softirq) / TICKS_A_SECOND;
}

/** The value at this part (0 to 1) of the sorted ones; NaN of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
