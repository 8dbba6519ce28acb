import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError } from '@nats-io/jetstream';
import { ClosedConnectionError } from '@nats-io/transport-node';
import type { BusLog } from './bus-log.ts';

const RETRY_MS = 1_000;

/** A server that goes away while a process starts comes back: it is waited for, with a word. */
export async function untilDone<T>(
  work: () => Promise<T>,
  log: BusLog,
  mend: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (isFinal(error)) throw error;
      log.warn('nats.not_ready', { error, retryMs: RETRY_MS });
      await sleep(RETRY_MS);
      await mend().catch(() => undefined); // The next try tells what is still wrong.
    }
  }
}

/** Closed by ourselves, or refused for what was asked, which asking again does not mend. */
function isFinal(error: unknown): boolean {
  if (error instanceof ClosedConnectionError) return true;
  return error instanceof JetStreamApiError && error.status === BAD_REQUEST;
}

const BAD_REQUEST = 400;
