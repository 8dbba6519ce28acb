import { setTimeout as sleep } from 'node:timers/promises';

import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';

import { apiJson } from './api-json.ts';
import { isConnectionFault } from './client.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { fetchListing } from './fetch-listing.ts';
import { type Listing, print } from './print.ts';
import { type Target, parseTargets } from './resource-type.ts';

export interface GetOptions {
  readonly watch?: boolean;
  readonly ignoreNotFound?: boolean;
  readonly status?: string;
  readonly workflow?: string;
  readonly limit?: number;
}

const pollMs = 1000;

/** How long a server may be away before a watch gives up, ms. */
const patienceMs = 30_000;

/** `behest get TYPE [NAME…]`. */
export async function get(
  context: CommandContext,
  words: readonly string[],
  options: GetOptions,
): Promise<void> {
  const groups = Object.values(Object.groupBy(parseTargets(words), ({ type }) => type));
  const load = (targets: readonly Target[]) => fetchListing(context, targets, options);
  const listings = await Promise.all(groups.map((targets) => load(targets ?? [])));
  listings.forEach((listing) => print(context, listing));
  const [targets] = groups;
  const [first] = listings;
  if (options.watch !== true) return;
  if (groups.length !== 1 || targets === undefined || first === undefined) {
    throw new CommandFailure('usage', '--watch takes one type.');
  }
  await printChanges(context, first, () => load(targets));
}

/** Prints an object again whenever it differs, until Ctrl-C. */
async function printChanges<D extends DescMessage>(
  context: CommandContext,
  first: Listing<D>,
  load: () => Promise<Listing<D>>,
): Promise<void> {
  const abort = new AbortController();
  const release = context.terminal.onInterrupt(() => abort.abort());
  const text = (item: MessageShape<D>) => JSON.stringify(apiJson(first.desc, item));
  const known = new Map(first.items.map((item) => [first.name(item), text(item)]));
  try {
    for (;;) {
      await sleep(pollMs, undefined, { signal: abort.signal });
      const listing = await patiently(load, abort.signal);
      const items = listing.items.filter((item) => known.get(listing.name(item)) !== text(item));
      for (const item of items) known.set(listing.name(item), text(item));
      showChanged(context, { ...listing, items });
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    release();
  }
}

/** A server that restarts is waited for. */
async function patiently<T>(load: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    try {
      return await load();
    } catch (error) {
      const isLost = error instanceof ConnectError && isConnectionFault(error);
      if (!isLost || Date.now() > until) throw error;
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** Rows for people; for programs one document for each object. */
function showChanged<D extends DescMessage>(context: CommandContext, listing: Listing<D>): void {
  const { output } = context.options;
  const quiet = { ...context, options: { ...context.options, headers: false } };
  if (output !== 'json' && output !== 'yaml') {
    if (listing.items.length > 0) print(quiet, listing);
    return;
  }
  for (const item of listing.items) {
    if (output === 'yaml') context.terminal.out('---\n');
    print(quiet, { ...listing, items: [item], isSingle: true });
  }
}
