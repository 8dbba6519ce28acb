import { Code } from '@connectrpc/connect';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';

/**
 * Says INVALID_ARGUMENT where Connect says INTERNAL for a message that it cannot read: bytes that
 * are no such protobuf, no base64, or not compressed as they say. That is the client's doing, and no
 * alarm of an operator should ring for it. What our own code throws never has these texts: see toFault.
 */
export async function mendUnread(
  answer: UniversalServerResponse,
): Promise<UniversalServerResponse> {
  const { status, header, trailer, body } = answer;
  if (body === undefined || !(Symbol.asyncIterator in body)) return answer;
  if (status !== 200) return status === 500 ? mendUnary(answer, body) : answer;
  const type = header?.get('content-type') ?? '';
  if (type.startsWith('application/grpc-web'))
    return { ...answer, body: mendLast(body, webTrailer) };
  if (type.startsWith('application/connect+'))
    return { ...answer, body: mendLast(body, endOfStream) };
  if (type.startsWith('application/grpc') && trailer !== undefined) {
    return { ...answer, body: mendTrailer(body, trailer) };
  }
  return answer;
}

type Body = AsyncIterable<Uint8Array>;

/** What is wrong with a message that could not be read, as a sentence; null for any other error. */
function unread(message: string): string | null {
  const reason = /^parse binary: (.*)$/s.exec(message)?.[1];
  const isUnread =
    message === 'internal error' ||
    /^(decompression failed|received compressed envelope)|content-type indicates binary/.test(
      message,
    );
  if (reason === undefined && !isUnread) return null;
  return `The message of the request cannot be read${reason === undefined ? '' : `: ${reason}`}.`;
}

/** Connect's answer to one message: the error is the whole body. */
async function mendUnary(
  answer: UniversalServerResponse,
  body: Body,
): Promise<UniversalServerResponse> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const error = errorIn(bytes);
  const message = unread(error?.message ?? '');
  if (message === null) return { ...answer, body: only(bytes) };
  const mended = Buffer.from(JSON.stringify({ code: 'invalid_argument', message }));
  const header = new Headers(answer.header);
  header.set('content-length', String(mended.length));
  return { ...answer, status: 400, header, body: only(mended) };
}

async function* only(bytes: Uint8Array): Body {
  yield bytes;
}

function errorIn(bytes: Uint8Array): { readonly message?: string } | null {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as { message?: string };
  } catch {
    // No error of Connect; it stays as it is.
    return null;
  }
}

/** The status of gRPC is in the trailers, which are complete when the body is. */
async function* mendTrailer(body: Body, trailer: Headers): Body {
  yield* body;
  if (trailer.get('grpc-status') !== String(Code.Internal)) return;
  const message = unread(decodeURIComponent(trailer.get('grpc-message') ?? ''));
  if (message === null) return;
  trailer.set('grpc-status', String(Code.InvalidArgument));
  trailer.set('grpc-message', encodeURIComponent(message));
}

/** How a protocol marks and writes the frame that ends a stream. */
interface LastFrame {
  readonly flag: number;
  /** The content as it should be; null where it is right. */
  mend(content: string): string | null;
}

const webTrailer: LastFrame = {
  flag: 0x80,
  mend(content) {
    const fields = content.split('\r\n');
    const field = (name: string): string =>
      fields.find((each) => each.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
    const message = unread(decodeURIComponent(field('grpc-message')));
    if (field('grpc-status') !== String(Code.Internal) || message === null) return null;
    return `grpc-status: ${Code.InvalidArgument}\r\ngrpc-message: ${encodeURIComponent(message)}\r\n`;
  },
};

const endOfStream: LastFrame = {
  flag: 0x02,
  mend(content) {
    const end = JSON.parse(content) as { error?: { code: string; message?: string } };
    const message = unread(end.error?.message ?? '');
    if (end.error?.code !== 'internal' || message === null) return null;
    return JSON.stringify({ ...end, error: { ...end.error, code: 'invalid_argument', message } });
  },
};

const HEAD_BYTES = 5;

/** Connect hands out whole frames; one that is compressed is no short error. */
async function* mendLast(body: Body, last: LastFrame): Body {
  for await (const frame of body) {
    const mended =
      frame[0] === last.flag ? last.mend(Buffer.from(frame.subarray(HEAD_BYTES)).toString()) : null;
    yield mended === null ? frame : framed(last.flag, mended);
  }
}

function framed(flag: number, content: string): Uint8Array {
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = flag;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
