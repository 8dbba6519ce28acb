import type { HttpBody } from '../../gen/google/api/httpbody_pb.ts';
import type { HttpRequest, HttpResponse } from '../http-exchange.ts';
import { HttpFault } from './http-fault.ts';

export interface BodyAnswer {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly body: HttpBody;
  /** What the method has set: `etag` and the like. */
  readonly headers: Headers;
}

/**
 * Sends an HttpBody as what it is, or the one range of it that is asked for. Browsers are told to
 * take it for nothing but data.
 */
export function sendBody({ request, response, body, headers }: BodyAnswer): void {
  const { data, contentType } = body;
  const etag = headers.get('etag') ?? '';
  const range = rangeOf(request, { size: data.byteLength, etag });
  const common = {
    'cache-control': 'no-store',
    ...Object.fromEntries(headers),
    'accept-ranges': 'bytes',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  };
  if (response.headersSent || response.destroyed) return;
  if (etag !== '' && matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, common);
    response.end();
    return;
  }
  const bytes = range === null ? data : data.subarray(range.from, range.to);
  response.writeHead(range === null ? 200 : 206, {
    ...common,
    'content-type': contentType,
    'content-length': bytes.byteLength,
    ...(range === null
      ? {}
      : { 'content-range': `bytes ${range.from}-${range.to - 1}/${data.byteLength}` }),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Whether a list of entity tags holds this one, in the weak comparison that GET asks for. */
function matches(list: string | undefined, etag: string): boolean {
  const tags = (list ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

interface Range {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** The single range that a request asks for; several at once are answered with the whole. */
function rangeOf(
  { method, headers }: HttpRequest,
  { size, etag }: { readonly size: number; readonly etag: string },
): Range | null {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '');
  const condition = headers['if-range'];
  if (method !== 'GET' || found === null) return null;
  if (condition !== undefined && condition !== etag) return null;
  const [, first = '', last = ''] = found;
  if (first === '' && last === '') return null;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  // The other way round is no range at all, and ignored as such.
  if (first !== '' && last !== '' && Number(last) < from) return null;
  if (from < to) return { from, to };
  const wanted = `The range ${headers.range ?? ''} is outside of the ${size} bytes.`;
  throw new HttpFault(416, wanted, { 'content-range': `bytes */${size}` });
}
