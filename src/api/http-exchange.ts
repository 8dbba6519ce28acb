import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Writable } from 'node:stream';

export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** What the responses of HTTP/1.1 and HTTP/2 have in common. */
export interface HttpResponse extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
}

export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;
