import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { aliveMb } from './alive.ts';
import type { System } from './system.ts';
import { memoryOf, pssOf } from './usage.ts';

/**
 * MB of each process: what is alive in its heap and buffers after a collection, and then its
 * proportional set size. The servers' processes are summed up.
 */
export async function census({ roles }: System): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const own = roles.size === 0 ? 'embedded' : 'client';
  found[`${own}, alive`] = aliveMb();
  found[`${own}, PSS`] = pssOf(process.pid);
  for (const [name, child] of roles) {
    found[`${name}, alive`] = await aliveIn(child);
    found[`${name}, PSS`] = pssOf(child.pid ?? 0);
  }
  const { postgres, nats } = memoryOf(process.pid);
  found['Postgres, PSS'] = postgres;
  if (nats > 0) found['NATS, PSS'] = nats;
  return found;
}

async function aliveIn(child: ChildProcess): Promise<number> {
  const answered = once(child, 'message') as Promise<[{ aliveMb: number }]>;
  child.send('alive');
  const [answer] = await answered;
  return answer.aliveMb;
}
