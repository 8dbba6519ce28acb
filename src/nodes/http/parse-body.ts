import { isJsonObject, type Json } from '../../expr/json.ts';
import { HardError } from '../errors.ts';
import type { ResponseConfig } from './config.ts';

const JSON_TYPE = /^application\/([\w.-]+\+)?json$/;
const TEXT_TYPE =
  /^(text\/.+|application\/([\w.-]+\+)?(xml|yaml)|application\/(x-www-form-urlencoded|javascript|x-ndjson|toml))$/;

/** The body as the config wants it; an empty one is null. */
export function parseBody(
  bytes: Uint8Array,
  contentType: string,
  parse: ResponseConfig['parse'],
): Json {
  if (bytes.length === 0) return null;
  const mediaType = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  switch (parse) {
    case 'json':
      return demandedJson(bytes, mediaType);
    case 'text':
      return decodeText(bytes, contentType);
    case 'base64':
      return Buffer.from(bytes).toString('base64');
    case 'auto':
      return guessed(bytes, mediaType, contentType);
  }
}

function guessed(bytes: Uint8Array, mediaType: string, contentType: string): Json {
  if (JSON_TYPE.test(mediaType)) {
    const text = decodeText(bytes, '');
    try {
      return JSON.parse(text) as Json;
    } catch {
      // Not demanded, so a server that mislabels its text does no harm.
      return text;
    }
  }
  if (TEXT_TYPE.test(mediaType)) return decodeText(bytes, contentType);
  if (mediaType === '' && isUtf8(bytes)) return decodeText(bytes, '');
  return Buffer.from(bytes).toString('base64');
}

function demandedJson(bytes: Uint8Array, mediaType: string): Json {
  const text = decodeText(bytes, '');
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HardError(
      'malformed_output',
      `the response (${mediaType || 'no content type'}) is no JSON: ${reason}`,
      { details: { body: text.slice(0, 2048) }, cause: error },
    );
  }
}

function decodeText(bytes: Uint8Array, contentType: string): string {
  const charset = /charset="?([\w-]+)"?/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // A charset that the platform does not know: most of such bodies are ASCII anyway.
    return new TextDecoder().decode(bytes);
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The value at a JSON Pointer (RFC 6901); null where there is none. */
export function atPointer(value: Json, pointer: string): Json {
  let current: Json | undefined = value;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(current)) current = /^\d+$/.test(key) ? current[Number(key)] : undefined;
    else if (isJsonObject(current) && Object.hasOwn(current, key)) current = current[key];
    else return null;
  }
  return current ?? null;
}
