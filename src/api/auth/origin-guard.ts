import type { HttpRequest } from '../http-exchange.ts';
import { HttpFault } from '../transcode/http-fault.ts';
import { hostName, isLoopback } from './loopback.ts';

/**
 * Defends a server on loopback against web pages: a page of another site reaches 127.0.0.1 through
 * the visitor's browser, by its own name (DNS rebinding, seen in Host) or across origins (seen in
 * Origin). Programs send no Origin.
 */
export function checkOrigin(request: HttpRequest): void {
  const authority = request.headers[':authority'] ?? request.headers.host ?? '';
  const host = hostName(authority.toString());
  if (!isLoopback(host)) {
    throw new HttpFault(
      403,
      `This server answers to localhost only, not to "${host}" (Host header).`,
    );
  }
  const { origin } = request.headers;
  if (typeof origin !== 'string') return;
  if (!isLoopback(URL.parse(origin)?.hostname ?? '')) {
    throw new HttpFault(403, `Requests from the origin "${origin}" are refused on loopback.`);
  }
}
