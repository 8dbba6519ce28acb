import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { BusLog } from './bus-log.ts';

const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 5_000;
const OLDEST_SERVER = [2, 9] as const;

export interface NatsOptions {
  /** `nats://[user:password@|token@]host[:port]`, several separated by commas; `tls://` for TLS. */
  readonly url: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  /** Give up the first connection after so long. Default: never; servers may start in any order. */
  readonly connectTimeoutMs?: number;
}

/**
 * Connects, trying with back-off until it works, and stays connected for ever after. Rejects when
 * the server is too old or has no JetStream, which waiting does not mend.
 */
export async function connectNats(options: NatsOptions, log: BusLog): Promise<NatsConnection> {
  const giveUpAt = performance.now() + (options.connectTimeoutMs ?? Infinity);
  for (let backOffMs = FIRST_BACK_OFF_MS; ; backOffMs = Math.min(MAX_BACK_OFF_MS, backOffMs * 2)) {
    try {
      return await checked(await connect(connectionOptions(options)));
    } catch (error) {
      const final = error instanceof UnfitServerError || performance.now() + backOffMs > giveUpAt;
      if (final) throw error;
      log.warn('nats.connect_failed', { url: withoutPassword(options.url), error, backOffMs });
      await sleep(backOffMs);
    }
  }
}

/** The server cannot be used as it is; an operator has to act. */
class UnfitServerError extends Error {
  override readonly name = 'UnfitServerError';
}

async function checked(connection: NatsConnection): Promise<NatsConnection> {
  const { info } = connection;
  const version = info?.version ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const tooOld =
    major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1]);
  if (!tooOld && info?.jetstream === true) return connection;
  await connection.close();
  throw new UnfitServerError(
    tooOld
      ? `nats-server is version ${version}; 2.9 or newer is needed`
      : `nats-server ${version} runs without JetStream; start it with -js or a jetstream block`,
  );
}

function connectionOptions({ url, name }: NatsOptions): NodeConnectionOptions {
  const urls = url.split(',').map((part) => new URL(withScheme(part.trim())));
  const first = urls[0];
  const user = decodeURIComponent(first?.username ?? '');
  const pass = decodeURIComponent(first?.password ?? '');
  const login = user === '' ? {} : pass === '' ? { token: user } : { user, pass };
  return {
    ...login,
    ...(first?.protocol === 'tls:' ? { tls: {} } : {}),
    servers: urls.map((each) => each.host),
    name,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: reconnectDelay(),
    // A password that is being rotated is wrong for a moment, not for ever.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    maxPingOut: 2,
    noAsyncTraces: true,
  };
}

/**
 * A tenth of a second at first, for a restarted server; two while it stays away. Counted in time,
 * not in calls: the client asks more often than it dials.
 */
function reconnectDelay(): () => number {
  let awaySince = 0;
  let lastAskedAt = -Infinity;
  return () => {
    const now = performance.now();
    if (now - lastAskedAt > MAX_BACK_OFF_MS) awaySince = now;
    lastAskedAt = now;
    const backOffMs = Math.min(2_000, Math.max(100, (now - awaySince) / 5));
    return backOffMs * (0.75 + Math.random() / 2);
  };
}

function withScheme(url: string): string {
  return url.includes('://') ? url : `nats://${url}`;
}

function withoutPassword(url: string): string {
  return url.replaceAll(/\/\/[^@/,]*@/g, '//');
}
