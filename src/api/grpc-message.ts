import type { OutgoingHttpHeaders } from 'node:http';
import type { HttpRequest } from './http-exchange.ts';

/** A response that can carry trailers: gRPC's status is one. */
interface TrailingResponse {
  addTrailers(headers: OutgoingHttpHeaders): void;
}

/** Not gRPC-Web, which sends its trailers as a part of the body. */
export function isGrpc(contentType: string): boolean {
  return (
    contentType.startsWith('application/grpc') && !contentType.startsWith('application/grpc-web')
  );
}

/**
 * Makes the message of a gRPC error readable everywhere. Connect escapes all that a URL component
 * would, grpc-js undoes only what a whole URL would, and so shows "a%3A b" for "a: b". The gRPC
 * specification escapes only "%" and what is not printable ASCII: both undo that.
 */
export function mendGrpcMessage(request: HttpRequest, response: TrailingResponse): void {
  if (!isGrpc(request.headers['content-type'] ?? '')) return;
  const add = response.addTrailers.bind(response);
  response.addTrailers = (headers) => {
    const message = headers['grpc-message'];
    if (typeof message !== 'string') return add(headers);
    add({ ...headers, 'grpc-message': escapeGrpcMessage(decodeURIComponent(message)) });
  };
}

export function escapeGrpcMessage(text: string): string {
  const escaped = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  const bytes = [...Buffer.from(text)];
  return bytes
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25 ? escaped(byte) : String.fromCharCode(byte),
    )
    .join('');
}
