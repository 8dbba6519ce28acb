import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';

export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** What the responses of HTTP/1.1 and HTTP/2 have in common. */
export interface HttpResponse extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
}

export type HttpHandler = (
  request: HttpRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;
