import type { OutgoingHttpHeaders } from 'node:http';
import type { HttpRequest } from './http-exchange.ts';

interface WrittenResponse {
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
  write(chunk: Uint8Array): boolean;
}

/**
 * Answers 400 where Connect says 500 for a message that it cannot read: bytes that are no such
 * protobuf, no base64, or not compressed as it says. What our own code throws never has these texts: see toFault.
 */
export function mendConnectStatus(request: HttpRequest, response: WrittenResponse): void {
  if (!isUnaryConnect(request)) return;
  const writeHead = response.writeHead.bind(response);
  const write = response.write.bind(response);
  response.writeHead = (status, headers) => {
    if (status !== 500) return writeHead(status, headers);
    response.write = (chunk) => {
      response.write = write;
      const mended = mend(chunk);
      const { 'content-length': _, ...rest } = headers ?? {};
      writeHead(mended === null ? 500 : 400, rest);
      return write(mended ?? chunk);
    };
    return response;
  };
}

function isUnaryConnect({ method, headers }: HttpRequest): boolean {
  return method === 'GET' || /^application\/(proto|json)\b/.test(headers['content-type'] ?? '');
}

/** The error as it should be, or null when it is one of ours. */
function mend(chunk: Uint8Array): Uint8Array | null {
  const { message = '' } = parse(chunk);
  const reason = /^parse binary: (.*)$/s.exec(message)?.[1];
  const isUnread =
    message === 'internal error' ||
    message === 'decompression failed' ||
    /content-type indicates binary/.test(message);
  if (reason === undefined && !isUnread) return null;
  const detail = reason === undefined ? '' : `: ${reason}`;
  const error = {
    code: 'invalid_argument',
    message: `The message of the request cannot be read${detail}.`,
  };
  return Buffer.from(JSON.stringify(error));
}

function parse(chunk: Uint8Array): { readonly message?: string } {
  try {
    return JSON.parse(Buffer.from(chunk).toString());
  } catch {
    // No error of Connect; it stays as it is.
    return {};
  }
}
