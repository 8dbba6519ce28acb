import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Effect, Mood } from './effect.ts';

/** The ledger's process, as the test talks to it. */
export interface EffectsClient {
  readonly port: number;
  setMood(mood: Mood): Promise<void>;
  all(): Promise<Effect[]>;
  stop(): void;
}

export async function startEffectsLedger(seed: number): Promise<EffectsClient> {
  const file = join(import.meta.dirname, 'effects-ledger.ts');
  const child = fork(file, [String(seed)], { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    setMood: async (mood) => {
      await fetch(`${url}/mood`, { method: 'POST', body: JSON.stringify(mood) });
    },
    all: async () => (await (await fetch(`${url}/effects`)).json()) as Effect[],
    stop: () => void child.kill('SIGKILL'),
  };
}
