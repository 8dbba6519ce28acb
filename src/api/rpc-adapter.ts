import { IncomingMessage } from 'node:http';
import {
  Code,
  createConnectRouter,
  type ConnectRouter,
  type ConnectRouterOptions,
} from '@connectrpc/connect';
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { HttpHandler, HttpRequest, HttpResponse } from './http-exchange.ts';
import { mendUnread } from './unread-request.ts';

export interface RpcAdapterOptions extends ConnectRouterOptions {
  routes(router: ConnectRouter): void;
  /** Takes what is no RPC. */
  readonly fallback: HttpHandler;
}

/**
 * Connect's own adapter leaves a call unanswered when an answer cannot be written: the text of a
 * gRPC error with half a surrogate pair, quoted from the request, is such a case. This one answers.
 */
export function createRpcAdapter(options: RpcAdapterOptions): HttpHandler {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    ...options,
  });
  options.routes(router);
  const handlers = new Map(router.handlers.map((each) => [each.requestPath, each]));
  return (request, response) => {
    const handler = handlers.get(request.url?.split('?', 1)[0] ?? '');
    if (handler === undefined) return options.fallback(request, response);
    keepWhenLeft(request);
    handler(universalRequestFromNodeRequest(request, response, undefined, undefined))
      .then(mendUnread)
      .then((answer) => dropRestOnceAnswered(answer, request))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((error: unknown) => {
        if (isUnwritable(error)) answerUnread(response);
        else response.destroy();
      });
  };
}

/**
 * Connect stops reading a message that it refuses. Over HTTP/1.1 Node would then take the request
 * from its connection, which would stand still, hear no further request, and not notice that its
 * client is gone, until it has been idle for too long.
 */
function keepWhenLeft(request: HttpRequest): void {
  if (!(request instanceof IncomingMessage)) return;
  const iterate = (): AsyncIterator<unknown> => request.iterator({ destroyOnReturn: false });
  Object.defineProperty(request, Symbol.asyncIterator, { value: iterate });
}

/** Every method of ours has its whole request before it begins to answer over HTTP/1.1. */
function dropRestOnceAnswered(
  answer: UniversalServerResponse,
  request: HttpRequest,
): UniversalServerResponse {
  const { body } = answer;
  if (!(request instanceof IncomingMessage)) return answer;
  if (body === undefined) dropRest(request);
  return body === undefined
    ? answer
    : { ...answer, body: beforeFirst(body, () => dropRest(request)) };
}

/** As Node does it where nobody has read at all. */
function dropRest(request: IncomingMessage): void {
  // Whoever waits for 'readable', as an iterator does, keeps resume() from working.
  const drop = (): void => {
    while (request.read() !== null);
  };
  request.on('readable', drop);
  drop();
}

async function* beforeFirst(
  body: AsyncIterable<Uint8Array>,
  act: () => void,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of body) {
    if (isFirst) act();
    isFirst = false;
    yield chunk;
  }
  if (isFirst) act();
}

function isUnwritable(error: unknown): boolean {
  return (
    error instanceof URIError || (error instanceof Error && /URI malformed/.test(error.message))
  );
}

/** An answer of headers alone, which gRPC calls "Trailers-Only". */
function answerUnread(response: HttpResponse): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(200, {
    'content-type': 'application/grpc',
    'grpc-status': String(Code.InvalidArgument),
    'grpc-message': 'The message of the request cannot be read.',
  });
  response.end();
}
