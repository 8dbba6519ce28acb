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
import type { HttpHandler, HttpResponse } from './http-exchange.ts';
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
    handler(universalRequestFromNodeRequest(request, response, undefined, undefined))
      .then(mendUnread)
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((error: unknown) => {
        if (isUnwritable(error)) answerUnread(response);
        else response.destroy();
      });
  };
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
