import type { Consumer } from '../bus/bus.ts';
import type { Log } from './ports.ts';
import { recheckAll, type SweepParts } from './sweep.ts';

/**
 * Attempts under way lose their tasks together with those that wait: for so long they may still
 * report before everything that the transport does not hold is sent again, ms.
 */
const GRACE_MS = 5000;

/** What the transport has lost is looked for before long, not at the next recheck. */
export function recheckAfterLoss(parts: SweepParts & { readonly log: Log }): Consumer {
  const { bus, clock, log } = parts;
  const ended = new AbortController();
  let isWaiting = false;
  const recheck = async (): Promise<void> => {
    isWaiting = true;
    await clock.sleep(GRACE_MS, ended.signal);
    isWaiting = false;
    if (!ended.signal.aborted) await recheckAll(parts, (runId) => bus.isOurs(runId));
  };
  const losses = bus.onLoss(() => {
    if (isWaiting) return;
    log.warn('controller.transport_lost', { recheckMs: GRACE_MS });
    recheck().catch((error: unknown) => log.warn('controller.recheck_failed', { error }));
  });
  return {
    stop: async () => {
      ended.abort();
      await losses.stop();
    },
  };
}
