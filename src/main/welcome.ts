import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiServer } from '../api/server.ts';
import type { Bus } from '../bus/bus.ts';
import type { RunRecord } from '../record/run.ts';
import { isFinal } from '../record/run.ts';
import type { Store } from '../store/open-store.ts';
import type { ProcessParts } from './process-parts.ts';

/** How long the first runs are told of on the terminal, ms. */
const TELL_MS = 60_000;
/** Runs that are told of; a busy start is not to be asked about run by run. */
const TELL_RUNS = 20;

export interface Welcome {
  readonly server: ApiServer;
  /** Empty where callers sign in by web tokens only. */
  readonly token: string;
  readonly store: Store;
  readonly bus: Bus;
}

/** Says where the server is and what to type next, then tells how the first runs end. */
export function printWelcome(parts: ProcessParts, { server, token, store, bus }: Welcome): void {
  const { settings } = parts;
  say(`
Behest is up at ${server.url}
  sources    ${settings.sources.join(', ')}
  data       ${settings.dataDir}${settings.databaseUrl === '' ? ' (embedded Postgres)' : ''}
  token      ${shownToken(settings.dataDir, token)}

Next:
  npm run behest -- get runs
  npm run behest -- ${hasExamples(settings.sources) ? 'run import-assets --watch' : 'get workflows'}
  curl ${server.url}/workflows/list
`);
  const followed = new Set<string>();
  const told = new Set<string>();
  const consumer = bus.onSignal('changed', ({ runIds }) => {
    for (const id of runIds) {
      if (followed.size < TELL_RUNS) followed.add(id);
      if (followed.has(id) && !told.has(id)) void tell(store, id, told);
    }
  });
  setTimeout(() => void consumer.stop(), TELL_MS).unref();
  parts.endings.push(() => consumer.stop());
}

/** The examples of this repository are what is watched when nothing else is set. */
function hasExamples(sources: readonly string[]): boolean {
  return sources.some((source) => existsSync(join(source, 'import-assets', 'workflow.yaml')));
}

function shownToken(dataDir: string, token: string): string {
  if (token === '') return 'none here: callers sign in with JWTs';
  return `${token} (kept in ${dataDir}/token; the command line finds it there)`;
}

async function tell(store: Store, id: string, told: Set<string>): Promise<void> {
  const run = await store.library.getRun(id).catch(() => null);
  if (run === null || told.has(id)) return;
  if (!isFinal(run.status) && run.status !== 'pending_retry') return;
  told.add(id);
  say(line(run));
}

function line(run: RunRecord): string {
  const took = (run.finishedAt ?? Date.now()) - (run.startedAt ?? run.createdAt);
  const why = run.error === null ? '' : `: ${run.error.message}`;
  return `run ${run.id} of ${run.workflow} ${run.status} after ${took} ms${why}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
