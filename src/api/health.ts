import type { Library, Signals } from './ports.ts';

export interface HealthReport {
  readonly status: 'ok' | 'degraded';
  readonly parts: { readonly [part: string]: PartHealth };
}

export interface PartHealth {
  readonly status: 'ok' | 'failed';
  readonly latency_ms?: number;
  /** Why it failed; for people. */
  readonly message?: string;
}

const TIMEOUT_MS = 2000;

/** Asks each part this process depends on; a part that does not answer in time has failed. */
export async function checkHealth(parts: {
  readonly library: Pick<Library, 'ping'>;
  readonly signals: Pick<Signals, 'ping'>;
}): Promise<HealthReport> {
  const [database, bus] = await Promise.all([
    checkPart(() => parts.library.ping()),
    checkPart(() => parts.signals.ping()),
  ]);
  const isOk = database.status === 'ok' && bus.status === 'ok';
  return { status: isOk ? 'ok' : 'degraded', parts: { database, bus } };
}

async function checkPart(ping: () => Promise<number>): Promise<PartHealth> {
  const late = Promise.withResolvers<never>();
  const failure = new Error(`no answer within ${TIMEOUT_MS} ms`);
  const timer = setTimeout(() => late.reject(failure), TIMEOUT_MS).unref();
  try {
    const latency = await Promise.race([ping(), late.promise]);
    return { status: 'ok', latency_ms: Math.round(latency * 100) / 100 };
  } catch (error) {
    // The answer is the report; a message of a driver names no credentials.
    return { status: 'failed', message: error instanceof Error ? error.message : 'unknown' };
  } finally {
    clearTimeout(timer);
  }
}
