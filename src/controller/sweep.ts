import type { Bus } from '../bus/bus.ts';
import type { Periodic } from './every.ts';
import type { Clock, Ledger } from './ports.ts';
import { endCheckpoint } from './run-effects.ts';
import type { RunLoop } from './run-loop.ts';
import { sendEnds } from './send-fitting.ts';

export interface SweepParts {
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly loop: RunLoop;
  /** How often all unfinished runs are looked at for tasks that the transport lost, ms. */
  readonly recheckMs: number;
}

/** A run's own timer is this late before another controller steps in, ms. */
const OVERDUE_MS = 2000;
/**
 * One recheck in so many, the first too, also looks at what belongs to other controllers: one of
 * them may seem alive and do nothing.
 */
const ALL_EVERY = 4;
const PAGE = 500;
/** A sweep goes on once the loop has come down to this. */
const MOST_WAITING = 2000;
const PAUSE_MS = 50;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** What makes the controller level-triggered: whatever signal was lost, these find it out. */
export function sweeps(parts: SweepParts): Periodic[] {
  let seen: ReadonlySet<string> = new Set();
  let rechecks = 0;
  const neglected = async () => {
    seen = await findNeglected(parts, seen);
  };
  const recheck = async () => {
    const isForAll = rechecks % ALL_EVERY === 0;
    rechecks += 1;
    await recheckAll(parts, isForAll ? () => true : (runId) => parts.bus.isOurs(runId));
  };
  return [
    { name: 'neglected', everyMs: 2000, work: neglected },
    { name: 'due', everyMs: 1000, work: () => wakeDue(parts) },
    { name: 'orphans', everyMs: 5000, work: () => reportOrphans(parts) },
    { name: 'recheck', everyMs: parts.recheckMs, work: recheck },
  ];
}

/**
 * Runs that nobody started, and requests that nobody read: our own at once, another controller's
 * when it has left them from one sweep to the next. Resolves to what was found.
 */
async function findNeglected(
  { ledger, loop, bus }: SweepParts,
  seen: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const found = await ledger.neglectedRuns(PAGE);
  loop.look(
    found.filter((runId) => seen.has(runId) || bus.isOurs(runId)),
    true,
  );
  return new Set(found);
}

async function wakeDue({ ledger, loop, clock }: SweepParts): Promise<void> {
  loop.look(await ledger.dueRuns(clock.now() - OVERDUE_MS, PAGE), false);
}

async function reportOrphans({ ledger, bus }: SweepParts): Promise<void> {
  const ends = await ledger.orphanedChildren(PAGE);
  const checkpoints = ends.map(({ child }) => endCheckpoint(child));
  if (ends.length > 0) await sendEnds(bus, checkpoints);
}

/** Also the start-up pass: it brings every unfinished run to hand. */
export async function recheckAll(
  { ledger, loop, clock }: SweepParts,
  isWanted: (runId: string) => boolean,
): Promise<void> {
  let after = FIRST_ID;
  for (;;) {
    const ids = await ledger.unfinishedRuns(after, PAGE);
    loop.recheck(ids.filter(isWanted));
    const last = ids.at(-1);
    if (last === undefined || ids.length < PAGE) return;
    after = last;
    while (loop.backlog > MOST_WAITING) await clock.sleep(PAUSE_MS);
  }
}
