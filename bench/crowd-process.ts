// A process of watchers, driven by `crowd.ts`: every second one gRPC, the others SSE.
import { watchByGrpc, watchBySse, type Watch, type WatchEnd } from './watch-one.ts';

/** Connections that are opened at once; a listen queue takes no more at a time. */
const AT_ONCE = 50;

export interface CrowdCall {
  readonly id: number;
  /** `end` resolves when every run has ended, `leave` breaks off what is still open. */
  readonly name: 'open' | 'end' | 'leave';
  readonly url: string;
  readonly token: string;
  readonly runIds: readonly string[];
}

let watches: { readonly runId: string; readonly watch: Watch }[] = [];

async function open({ url, token, runIds }: CrowdCall): Promise<void> {
  for (let from = 0; from < runIds.length; from += AT_ONCE) {
    await Promise.all(
      runIds.slice(from, from + AT_ONCE).map((runId) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const by = watches.length % 2 === 0 ? watchByGrpc : watchBySse;
        const watch = by({ url, token, runId, onFirst: resolve });
        watches.push({ runId, watch });
        return Promise.race([promise, watch.ended]);
      }),
    );
  }
}

async function end(): Promise<(WatchEnd & { runId: string })[]> {
  const ends = watches.map(async ({ runId, watch }) => ({ runId, ...(await watch.ended) }));
  watches = [];
  return Promise.all(ends);
}

function leave(): void {
  for (const { watch } of watches) {
    watch.ended.catch(() => undefined);
    watch.leave();
  }
  watches = [];
}

async function answer(call: CrowdCall): Promise<unknown> {
  if (call.name === 'open') return open(call);
  return call.name === 'end' ? end() : leave();
}

process.on('message', (call: CrowdCall) => {
  answer(call).then(
    (result) => process.send?.({ id: call.id, result }),
    (error: Error) => process.send?.({ id: call.id, error: error.stack }),
  );
});
process.on('disconnect', () => process.exit());
