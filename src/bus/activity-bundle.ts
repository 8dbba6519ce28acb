import type { ActivityEntry } from '../task/task.ts';
import type { Delivery } from './bus.ts';

const MAX_BUNDLE_CHARS = 64 * 1024;
const ENTRY_OVERHEAD = 200;

/** Lines of one run that travel as one message. */
export interface ActivityBundle {
  readonly runId: string;
  readonly entries: readonly ActivityEntry[];
}

/** Groups lines by run, in order, into messages of a moderate size. */
export function activityMessages(entries: readonly ActivityEntry[]): ActivityBundle[] {
  const bundles: ActivityBundle[] = [];
  const open = new Map<string, { entries: ActivityEntry[]; chars: number }>();
  for (const entry of entries) {
    const chars = entry.message.length + ENTRY_OVERHEAD;
    let bundle = open.get(entry.runId);
    if (bundle === undefined || bundle.chars + chars > MAX_BUNDLE_CHARS) {
      bundle = { entries: [], chars: 0 };
      open.set(entry.runId, bundle);
      bundles.push({ runId: entry.runId, entries: bundle.entries });
    }
    bundle.entries.push(entry);
    bundle.chars += chars;
  }
  return bundles;
}

/**
 * A bundle as deliveries of its lines. The message is acknowledged when all of them are; when one
 * is released all of them come again, so a line may be seen twice.
 */
export function sharedDeliveries(
  bundle: Delivery<readonly ActivityEntry[]>,
): Delivery<ActivityEntry>[] {
  let open = bundle.message.length;
  let releaseMs: number | null = null;
  if (open === 0) bundle.ack();
  return bundle.message.map((message) => {
    let settled = false;
    const settle = (delayMs: number | null): void => {
      if (settled) return;
      settled = true;
      if (delayMs !== null) releaseMs = Math.max(releaseMs ?? 0, delayMs);
      open -= 1;
      if (open > 0) return;
      if (releaseMs === null) bundle.ack();
      else bundle.release(releaseMs);
    };
    return {
      message,
      deliveries: bundle.deliveries,
      ack: () => settle(null),
      release: (delayMs = 0) => settle(delayMs),
      working: () => bundle.working(),
      makeRoom: () => bundle.makeRoom(),
    };
  });
}
