import { checkHealth } from './health.ts';
import type { HttpRequest, HttpResponse } from './http-exchange.ts';
import type { Library, Signals } from './ports.ts';
import { HttpFault } from './transcode/http-fault.ts';
import { sendJson } from './transcode/transcoder.ts';

export interface PlainOptions {
  readonly library: Pick<Library, 'ping'>;
  readonly signals: Pick<Signals, 'ping'>;
  readonly version: string;
  /** False while this process starts or drains. */
  isServing(): boolean;
}

/** Answers of operators' endpoints, which are no RPCs: they work when nothing else does. */
export type PlainEndpoint = (request: HttpRequest, response: HttpResponse) => Promise<void>;

/** `/health`: the state of each part, always 200. `/ready`: 503 unless it can serve. `/ping`: alive. */
export function plainEndpoints(options: PlainOptions): ReadonlyMap<string, PlainEndpoint> {
  const { version } = options;
  return new Map<string, PlainEndpoint>([
    ['/ping', (request, response) => answer({ request, response }, 200, { message: 'pong' })],
    [
      '/health',
      async (request, response) => {
        const { status, parts } = await checkHealth(options);
        await answer({ request, response }, 200, { status, version, ...parts });
      },
    ],
    [
      '/ready',
      async (request, response) => {
        const { status, parts } = await checkHealth(options);
        const isReady = options.isServing() && status === 'ok';
        await answer({ request, response }, isReady ? 200 : 503, {
          status: isReady ? 'ready' : 'not_ready',
          ...parts,
        });
      },
    ],
  ]);
}

interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

async function answer(exchange: Exchange, status: number, body: object): Promise<void> {
  if (exchange.request.method !== 'GET' && exchange.request.method !== 'HEAD') {
    throw new HttpFault(405, 'This address takes GET and HEAD.', { allow: 'GET, HEAD' });
  }
  const json = JSON.parse(JSON.stringify(body));
  await sendJson({ ...exchange, status, headers: {}, body: json });
}
