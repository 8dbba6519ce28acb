import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { HardError } from '../errors.ts';

/** The decoded bytes of a body; longer than `maxBytes` is a hard `limit`. */
export async function readBody(
  body: Readable,
  options: { readonly encoding: string | undefined; readonly maxBytes: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of decoded(body, options.encoding)) {
    length += chunk.length;
    if (length > options.maxBytes) {
      body.destroy();
      throw new HardError(
        'limit',
        `the response is longer than ${options.maxBytes} bytes; raise response.maxBytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function decoded(body: Readable, encoding: string | undefined): AsyncIterable<Uint8Array> {
  const decoder = decoderOf(encoding?.trim().toLowerCase());
  if (decoder === undefined) return body;
  body.on('error', (error) => decoder.destroy(error));
  return body.pipe(decoder);
}

function decoderOf(encoding: string | undefined): (Readable & NodeJS.WritableStream) | undefined {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}
