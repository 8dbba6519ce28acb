import type { NatsConnection } from '@nats-io/transport-node';

/** Bytes of one message that goes straight to a process; what is larger alone goes by a stream. */
const MAX_BYTES = 256 * 1024;
const OVERHEAD_BYTES = 4_096;

export function directLimit({ info }: NatsConnection): number {
  return Math.min(MAX_BYTES, (info?.max_payload ?? Infinity) - OVERHEAD_BYTES);
}

export interface Packed<T> {
  /** Each is one message: `texts` joined as a JSON list. */
  readonly messages: readonly { readonly items: readonly T[]; readonly texts: readonly string[] }[];
  /** Too large for a message, even alone. */
  readonly tooLarge: readonly T[];
}

/** UTF-8 takes at most so many bytes for each UTF-16 unit. */
const BYTES_OF_UNIT = 3;

/** Spreads items over messages of at most `limit` bytes each, in their order. */
export function packTexts<T>(
  items: readonly T[],
  { limit, textOf }: { readonly limit: number; readonly textOf: (item: T) => string },
): Packed<T> {
  const messages: { items: T[]; texts: string[] }[] = [];
  const tooLarge: T[] = [];
  let left = 0;
  for (const item of items) {
    const text = textOf(item);
    // A guess from above, until it matters.
    const isSmall = text.length * BYTES_OF_UNIT <= limit;
    const bytes = isSmall ? text.length * BYTES_OF_UNIT : Buffer.byteLength(text);
    if (bytes > limit) {
      tooLarge.push(item);
      continue;
    }
    const open = messages.at(-1);
    if (open === undefined || bytes > left) {
      messages.push({ items: [item], texts: [text] });
      left = limit - bytes;
    } else {
      open.items.push(item);
      open.texts.push(text);
      left -= bytes;
    }
  }
  return { messages, tooLarge };
}
