import { setTimeout as sleep } from 'node:timers/promises';

import type { Source } from '../gen/behest/v1/source_pb.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { parseType } from './resource-type.ts';

/** `NAME`, `source/NAME` and `source NAME`. */
function sourceName(words: readonly string[]): string {
  const [first = '', second] = words;
  const [type, name] = second === undefined ? first.split('/') : [first, second];
  if (name === undefined) return type ?? '';
  if (type !== undefined && parseType(type) === 'sources') return name;
  throw new CommandFailure(
    'usage',
    `${words.join(' ')}: only sources can be reconciled or suspended.`,
  );
}

/** `behest reconcile SOURCE`: looks at it now; with `wait` until that look has ended. */
export async function reconcile(
  { clients, terminal }: CommandContext,
  words: readonly string[],
  { wait, timeout = 60_000 }: { readonly wait?: boolean; readonly timeout?: number },
): Promise<void> {
  const name = sourceName(words);
  const before = await clients.sources.getSource({ name });
  if (before.suspended) {
    throw new CommandFailure('conflict', `source ${name} is suspended: behest resume ${name}`);
  }
  await clients.sources.reconcileSource({ name });
  terminal.err(`source/${name} asked to reconcile\n`);
  if (wait !== true) return;
  const deadline = terminal.now() + timeout;
  for (;;) {
    const now = await clients.sources.getSource({ name });
    if (hasLooked(before, now)) return report(terminal, now);
    if (terminal.now() > deadline) {
      throw new CommandFailure('timeout', `source ${name} was not reconciled in time.`);
    }
    await sleep(100);
  }
}

function hasLooked(before: Source, now: Source): boolean {
  const [old, fresh] = [before.updatedAt, now.updatedAt];
  return fresh?.seconds !== old?.seconds || fresh?.nanos !== old?.nanos;
}

function report(terminal: CommandContext['terminal'], source: Source): void {
  const ready = source.conditions.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') {
    throw new CommandFailure(
      'invalid',
      `source ${source.name}: ${ready?.message ?? 'is not ready'}`,
    );
  }
  terminal.out(`source/${source.name} at ${source.lastAppliedRevision}\n`);
}

/** `behest suspend SOURCE`: nothing of it is applied until it is resumed. */
export async function suspend(
  { clients, terminal }: CommandContext,
  words: readonly string[],
): Promise<void> {
  const { name } = await clients.sources.suspendSource({ name: sourceName(words) });
  terminal.out(`source/${name} suspended\n`);
}

/** `behest resume SOURCE`. */
export async function resume(
  { clients, terminal }: CommandContext,
  words: readonly string[],
): Promise<void> {
  const { name } = await clients.sources.resumeSource({ name: sourceName(words) });
  terminal.out(`source/${name} resumed\n`);
}
