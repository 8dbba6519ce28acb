import type { Subscription } from '@nats-io/transport-node';

/** Ends a subscription; resolves when what the server had sent to it has been heard. */
export async function drain(subscription: Subscription, isConnected: boolean): Promise<void> {
  if (!isConnected) {
    // Draining would wait for the server.
    subscription.unsubscribe();
    return;
  }
  await subscription.drain().catch(() => {
    // A closed connection has no subscriptions left to drain.
  });
}
