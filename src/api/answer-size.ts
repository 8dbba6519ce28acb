import type { Json } from '../expr/json.ts';
import { isUnread } from '../record/unread.ts';

/**
 * Data that one answer or event holds. Clients of gRPC take messages of 4 MiB unless they are told
 * otherwise; the rest is for what surrounds the data.
 */
export const MAX_DATA_BYTES = 3 * 1024 * 1024;

/** Bytes of a value as google.protobuf.Value; without bound for one that was not read. */
export function sizeOf(json: Json): number {
  return isUnread(json) ? Infinity : valueBytes(json);
}

function valueBytes(json: Json): number {
  switch (typeof json) {
    case 'string':
      return textBytes(json);
    case 'number':
      return 9;
    case 'boolean':
      return 2;
    default:
      return json === null ? 2 : field(contentBytes(json));
  }
}

function contentBytes(json: readonly Json[] | { readonly [key: string]: Json }): number {
  let bytes = 0;
  if (Array.isArray(json)) {
    for (const item of json as readonly Json[]) bytes += field(valueBytes(item));
    return bytes;
  }
  for (const [key, value] of Object.entries(json)) {
    bytes += field(textBytes(key) + field(valueBytes(value)));
  }
  return bytes;
}

/** A text field, its tag and length included. */
export function textBytes(text: string): number {
  return field(Buffer.byteLength(text));
}

/** What a field of so many bytes takes with its tag and its length. */
function field(bytes: number): number {
  return bytes + 1 + Math.max(1, Math.ceil((32 - Math.clz32(bytes)) / 7));
}

/** A value as an answer shows it: null when it is left out. */
export interface Shown {
  readonly json: Json;
  readonly isOmitted: boolean;
}

/** Which values an answer with this room shows: the largest are left out until the others fit. */
export function showFitting(values: readonly Json[], room: number): Shown[] {
  const sizes = values.map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= room) return values.map((json) => ({ json, isOmitted: false }));
  const isShown = smallest(sizes, room);
  return values.map((json, index) =>
    json === null || isShown.has(index)
      ? { json, isOmitted: false }
      : { json: null, isOmitted: true },
  );
}

/** A value that an answer or event holds alone. */
export function showAlone(json: Json): Shown {
  const isOmitted = sizeOf(json) > MAX_DATA_BYTES;
  return { json: isOmitted ? null : json, isOmitted };
}

/** Indices of the smallest, as many as fit. */
function smallest(sizes: readonly number[], room: number): ReadonlySet<number> {
  const bySize = [...sizes.entries()].sort(([, a], [, b]) => a - b);
  const indices = bySize.map(([index]) => index);
  let bytes = 0;
  const end = bySize.findIndex(([, size]) => (bytes += size) > room);
  return new Set(end === -1 ? indices : indices.slice(0, end));
}

/** How many of these make one page: as many as fit, and one at least. */
export function countFitting(sizes: readonly number[], room = MAX_DATA_BYTES): number {
  let count = 0;
  let bytes = 0;
  for (const size of sizes) {
    bytes += size;
    if (bytes > room && count > 0) break;
    count += 1;
  }
  return count;
}
