import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { BusLog } from './bus-log.ts';

export interface Listener {
  readonly log: BusLog;
  /** May throw: the message is refused then, and logged by its subject. */
  readonly hear: (msg: Msg) => void;
  /** Of all who listen in one group, one hears each message. */
  readonly group?: string;
}

/**
 * The one way to subscribe. What a callback throws would escape into the client's read loop and end
 * it: the process hears nothing more, until the client misses its pings some 30 s later.
 */
export function listen(
  connection: NatsConnection,
  subject: string,
  { log, hear, group }: Listener,
): Subscription {
  const callback = (error: Error | null, msg: Msg): void => {
    if (error !== null) {
      // The server does not let us, and the message is none; the client has unsubscribed already.
      log.error('bus.subscription_refused', { subject, error });
      return;
    }
    try {
      hear(msg);
    } catch (problem) {
      log.error('bus.message_refused', { subject: msg.subject, error: problem });
    }
  };
  const options = group === undefined ? { callback } : { callback, queue: group };
  return connection.subscribe(subject, options);
}
