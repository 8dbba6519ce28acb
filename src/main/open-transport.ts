import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../bus/bus.ts';
import { createInProcessBus } from '../bus/in-process-bus.ts';
import type { Store } from '../store/open-store.ts';
import type { ProcessParts } from './process-parts.ts';

/** The database of `DATABASE_URL`, else the embedded one. */
export async function openDatabase(parts: ProcessParts): Promise<Store> {
  const { settings, log, endings } = parts;
  let url = settings.databaseUrl;
  if (url === '') {
    const { startEmbeddedPostgres } = await import('../store/embedded/start-embedded-postgres.ts');
    const postgres = await startEmbeddedPostgres({
      dataDir: join(settings.dataDir, 'postgres'),
      log: (message) => log.info('postgres.embedded', { message }),
    });
    endings.push(() => postgres.stop());
    void postgres.ended.then((code) => {
      if (endings.length === 0) return; // We are ending ourselves.
      log.error('postgres.ended', { code });
      process.exitCode = 1;
      process.kill(process.pid, 'SIGTERM');
    });
    url = postgres.url;
  }
  const store = await openWhenThere(url, log);
  endings.push(() => store.close());
  return store;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

/** Servers may start in any order: a database that is not there yet is waited for, with a word. */
async function openWhenThere(url: string, log: ProcessParts['log']): Promise<Store> {
  // Loaded here, as a runner never needs it.
  const { openStore } = await import('../store/open-store.ts');
  const { isTransient } = await import('../store/transient.ts');
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2)) {
    try {
      return await openStore(url);
    } catch (error) {
      if (!isTransient(error)) throw error;
      log.warn('postgres.connect_failed', { error, retryMs });
      await sleep(retryMs);
    }
  }
}

/** JetStream at `NATS_URL`, else the in-process bus. */
export async function openBus({ settings, log, endings }: ProcessParts): Promise<Bus> {
  const bus =
    settings.natsUrl === '' ? createInProcessBus() : await openJetStream(settings.natsUrl, log);
  endings.push(() => bus.close());
  return bus;
}

async function openJetStream(url: string, log: ProcessParts['log']): Promise<Bus> {
  // Loaded here, as the embedded default never needs it.
  const { createJetStreamBus } = await import('../bus/jetstream-bus.ts');
  return await createJetStreamBus({ url, name: `behest ${hostname()} ${process.pid}`, log });
}
