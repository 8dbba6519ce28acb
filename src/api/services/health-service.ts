import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import {
  HealthCheckResponse_ServingStatus as Status,
  type Health,
} from '../../gen/health/v1/health_pb.ts';

export interface HealthOptions {
  /** Names of the services that are served; the empty name is the server itself. */
  readonly services: readonly string[];
  readonly isReady: () => Promise<boolean>;
}

const WATCH_MS = 5000;
/** How old what one watcher found may be for another. */
const SHARED_MS = 1000;

/** grpc.health.v1: what load balancers and grpc clients ask. */
export function createHealthService(options: HealthOptions): ServiceImpl<typeof Health> {
  const status = async (service: string, isReady = options.isReady): Promise<Status> => {
    if (service !== '' && !options.services.includes(service)) return Status.SERVICE_UNKNOWN;
    return (await isReady()) ? Status.SERVING : Status.NOT_SERVING;
  };
  const isReadyForAll = shared(options.isReady);
  return {
    async check({ service }) {
      const found = await status(service);
      if (found !== Status.SERVICE_UNKNOWN) return { status: found };
      throw new ConnectError(`Service ${JSON.stringify(service)} is not served.`, Code.NotFound);
    },
    async list() {
      const names = ['', ...options.services];
      const found = await status('');
      return { statuses: Object.fromEntries(names.map((name) => [name, { status: found }])) };
    },
    async *watch({ service }, { signal }) {
      let last: Status | null = null;
      while (!signal.aborted) {
        const found = await status(service, isReadyForAll);
        if (found !== last) yield { status: found };
        last = found;
        await pause(WATCH_MS, signal);
      }
    },
  };
}

/** Any number of watchers asks the database no more often than one does. */
function shared(isReady: () => Promise<boolean>): () => Promise<boolean> {
  let look: { readonly at: number; readonly ready: Promise<boolean> } | null = null;
  return () => {
    const now = performance.now();
    if (look === null || now - look.at > SHARED_MS) look = { at: now, ready: isReady() };
    return look.ready;
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms).unref();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
