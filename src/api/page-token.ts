import { invalidField } from './fault.ts';

/** An opaque token for what the next page starts after. */
export function formatPageToken(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a token that we gave out; null for an empty one. INVALID_ARGUMENT for others. */
export function parsePageToken(
  token: string,
  kinds: readonly ('string' | 'number')[],
): readonly (string | number)[] | null {
  if (token === '') return null;
  const parts = decode(token);
  const isOurs =
    Array.isArray(parts) &&
    parts.length === kinds.length &&
    kinds.every((kind, index) => typeof parts[index] === kind);
  if (isOurs) return parts;
  throw invalidField('page_token', 'not a next_page_token of this method');
}

function decode(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    // Refused by the caller, with the field's name.
    return null;
  }
}
