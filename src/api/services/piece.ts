import { create } from '@bufbuild/protobuf';
import { HttpBodySchema, type HttpBody } from '../../gen/google/api/httpbody_pb.ts';
import type { Json } from '../../expr/json.ts';

/** Which part of a content is asked for. */
export interface PieceRequest {
  /** First byte, from 0. */
  readonly offset: number;
  /** 0 is all. */
  readonly maxBytes: number;
}

/** Empty beyond the end. */
export function pieceOf(bytes: Uint8Array, { offset, maxBytes }: PieceRequest): Uint8Array {
  return bytes.subarray(offset, maxBytes === 0 ? undefined : offset + maxBytes);
}

/** Data as the body of an answer. */
export function jsonBody(json: Json, request: PieceRequest): HttpBody {
  const data = pieceOf(Buffer.from(JSON.stringify(json)), request);
  return create(HttpBodySchema, { contentType: 'application/json', data });
}
