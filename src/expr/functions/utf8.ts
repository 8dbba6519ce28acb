import { Fault } from '../fault.ts';
import type { Frame } from '../frame.ts';

/** UTF-8, written out because a pure room has no TextEncoder. */
export function encodeUtf8(frame: Frame, text: string): Uint8Array {
  frame.chargeText(text.length);
  const bytes: number[] = [];
  for (const char of text.toWellFormed()) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return Uint8Array.from(bytes);
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}

/** Throws a Fault on bytes that are no UTF-8. */
export function decodeUtf8(frame: Frame, bytes: Uint8Array): string {
  frame.chargeText(bytes.length);
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  try {
    return decodeURIComponent(escaped);
  } catch {
    // decodeURIComponent refuses exactly what is no UTF-8.
    throw new Fault('the bytes are no UTF-8 text');
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function encodeBase64(frame: Frame, bytes: Uint8Array): string {
  frame.chargeText(bytes.length * 2);
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second, third] = bytes.subarray(at, at + 3);
    const bits = (first << 16) | ((second ?? 0) << 8) | (third ?? 0);
    pieces.push(
      letter(bits >> 18),
      letter(bits >> 12),
      second === undefined ? '=' : letter(bits >> 6),
      third === undefined ? '=' : letter(bits),
    );
  }
  return pieces.join('');
}

function letter(bits: number): string {
  return ALPHABET.charAt(bits & 0x3f);
}

/** Standard or URL-safe alphabet, padded or not. */
export function decodeBase64(frame: Frame, text: string): Uint8Array {
  frame.chargeText(text.length);
  const plain = text
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1)
    throw new Fault('the text is no base64');
  const bytes = new Uint8Array(Math.floor((plain.length * 3) / 4));
  let bits = 0;
  let filled = 0;
  let at = 0;
  for (const char of plain) {
    bits = ((bits << 6) | ALPHABET.indexOf(char)) & 0xfff_ffff;
    filled += 6;
    if (filled < 8) continue;
    filled -= 8;
    bytes[at] = (bits >> filled) & 0xff;
    at += 1;
  }
  return bytes;
}
