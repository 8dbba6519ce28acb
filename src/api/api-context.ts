import type { HandlerContext } from '@connectrpc/connect';
import type { Principal } from './auth/principal.ts';
import { anonymous, principalKey } from './auth/principal.ts';
import type { Library, NodeDescription, Reader, RunViewer, Signals } from './ports.ts';
import type { VersionCache } from './version-cache.ts';
import type { WatchHub } from './watch/watch-hub.ts';

/** What the services share. */
export interface ApiContext {
  readonly library: Library;
  readonly signals: Signals;
  readonly reader: Reader;
  readonly viewer: RunViewer;
  readonly nodeTypes: ReadonlyMap<string, NodeDescription>;
  readonly versions: VersionCache;
  readonly hub: WatchHub;
  readonly now: () => number;
  /** A new run id: UUID version 7. */
  readonly newRunId: (now: number) => string;
}

/** Who makes this call. */
export function principalOf(context: HandlerContext): Principal {
  return context.values.get(principalKey) ?? anonymous;
}
