import { Code, ConnectError } from '@connectrpc/connect';
import type { JsonValue } from '@bufbuild/protobuf';
import type { HttpRequest } from '../http-exchange.ts';
import { invalidField } from '../fault.ts';
import { HttpFault } from './http-fault.ts';

/** Levels of lists and objects in a body, or in a field of a form. */
export const MAX_JSON_DEPTH = 64;

/** The body, whole. 413 above `maxBytes`, 415 for a compressed one. */
export async function readBytes(request: HttpRequest, maxBytes: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new HttpFault(415, `A body in ${encoding} is not read here; send it uncompressed.`);
  }
  refuseLarge(Number(request.headers['content-length'] ?? 0), maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      refuseLarge(size, maxBytes);
      chunks.push(bytes);
    }
  } catch (error) {
    throw error instanceof HttpFault ? error : clientGone(error);
  }
  return Buffer.concat(chunks);
}

/** The body broke off: the client's doing, and nobody is left to hear an answer. */
export function clientGone(cause: unknown): ConnectError {
  return new ConnectError('The client went away.', Code.Canceled, undefined, [], cause);
}

export function refuseLarge(size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new HttpFault(413, `The body is larger than the limit of ${maxBytes} bytes.`);
}

/** INVALID_ARGUMENT for what is no JSON, or is nested deeper than any document should be. */
export function parseJson(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidField(
      '',
      `The body is not valid JSON: ${error instanceof Error ? error.message : ''}`,
    );
  }
  refuseDeep(value, 'The body');
  return value;
}

/** INVALID_ARGUMENT for what is nested deeper than any document should be. */
export function refuseDeep(value: JsonValue, what: string): void {
  if (!isDeeper(value, MAX_JSON_DEPTH)) return;
  throw invalidField('', `${what} is nested more than ${MAX_JSON_DEPTH} levels deep.`);
}

function isDeeper(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((each) => isDeeper(each, levels - 1));
}
