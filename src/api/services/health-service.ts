import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import {
  HealthCheckResponse_ServingStatus as Status,
  type Health,
} from '../../gen/health/v1/health_pb.ts';

export interface HealthOptions {
  /** Names of the services that are served; the empty name is the server itself. */
  readonly services: readonly string[];
  isReady(): Promise<boolean>;
}

const WATCH_MS = 5000;

/** grpc.health.v1: what load balancers and grpc clients ask. */
export function createHealthService(options: HealthOptions): ServiceImpl<typeof Health> {
  const status = async (service: string): Promise<Status> => {
    if (service !== '' && !options.services.includes(service)) return Status.SERVICE_UNKNOWN;
    return (await options.isReady()) ? Status.SERVING : Status.NOT_SERVING;
  };
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
        const found = await status(service);
        if (found !== last) yield { status: found };
        last = found;
        await pause(WATCH_MS, signal);
      }
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms).unref();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
