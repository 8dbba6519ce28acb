/** The longest manifest file, bytes. */
export const MAX_FILE_BYTES = 1024 * 1024;

export type Decoded =
  | { readonly ok: true; readonly text: string }
  /** `before` is the readable text up to the first bad byte. */
  | { readonly ok: false; readonly before: string };

/** UTF-8 to text, without a byte order mark. Anything else than UTF-8 is refused. */
export function decode(bytes: Uint8Array): Decoded {
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, before: new TextDecoder().decode(bytes.subarray(0, goodPrefix(bytes))) };
  }
}

function goodPrefix(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isReadable(bytes.subarray(0, middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A sequence that is cut off at the end counts as readable. */
function isReadable(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
