import type { Json } from '../expr/json.ts';

/** What stands where a secret stood. */
const MASK = '[redacted]';

/** Shorter values are left alone: masking every `a` would destroy the text and hide nothing. */
const MIN_SECRET_LENGTH = 4;

export interface Redactor {
  text(text: string): string;
  json(value: Json): Json;
  /** The same bytes, or a copy with each secret covered by as many asterisks. */
  bytes(bytes: Uint8Array): Uint8Array;
}

const noSecrets: Redactor = {
  text: (text) => text,
  json: (value) => value,
  bytes: (bytes) => bytes,
};

/** A redactor of these values and of the forms that programs give them on their way. */
export function redactorFor(secrets: Iterable<string>): Redactor {
  const forms = new Set<string>();
  for (const secret of secrets) {
    // A secret of several lines (a key file) shows up line by line in logs.
    for (const piece of [secret, secret.trim(), ...secret.split(/\r?\n/)]) {
      if (piece.length >= MIN_SECRET_LENGTH) for (const form of formsOf(piece)) forms.add(form);
    }
  }
  if (forms.size === 0) return noSecrets;
  // Longest first: a form may contain a shorter one, and the mask must cover all of it.
  const alternatives = [...forms].sort((a, b) => b.length - a.length).map(escapeForPattern);
  const pattern = new RegExp(alternatives.join('|'), 'g');
  const text = (value: string): string => value.replace(pattern, MASK);
  return {
    text,
    json: (value) => redactJson(value, text),
    bytes: (bytes) => redactBytes(bytes, forms),
  };
}

function redactBytes(bytes: Uint8Array, forms: ReadonlySet<string>): Uint8Array {
  let copy: Buffer | undefined;
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const form of forms) {
    const wanted = Buffer.from(form);
    for (let at = given.indexOf(wanted); at >= 0; at = given.indexOf(wanted, at + 1)) {
      copy ??= Buffer.from(given);
      copy.fill('*', at, at + wanted.length);
    }
  }
  return copy ?? bytes;
}

function redactJson(value: Json, text: (value: string) => string): Json {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return redactNumber(value, text);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => redactJson(item, text));
  const entries = Object.entries(value).map(([key, child]) => [text(key), redactJson(child, text)]);
  return Object.fromEntries(entries);
}

/** A PIN is a secret too, and a service may answer with it as a number. */
function redactNumber(value: number, text: (value: string) => string): Json {
  const written = String(value);
  return text(written) === written ? value : MASK;
}

function formsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  const bytes = Buffer.from(secret, 'utf8');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encoded,
    encoded.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    encoded.replaceAll('%20', '+'),
    new URLSearchParams([['', secret]]).toString().slice(1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64Forms(bytes),
  ].filter((form) => form.length >= MIN_SECRET_LENGTH);
}

/**
 * The secret alone in base64, and the part of it that is the same whatever stands around it, at
 * each of the three alignments: `Basic dXNlcjpzM2NyZXQ=` holds a password at some offset.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms = [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, '')];
  for (let shift = 0; shift < 3; shift += 1) {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor(((shift + bytes.length) * 8) / 6);
    // Fewer characters than that also occur by chance.
    if (to - from >= 6) forms.push(text.slice(from, to));
  }
  const urlSafe = forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [...forms, ...urlSafe];
}

function escapeForPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
