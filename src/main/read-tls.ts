import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

import type { Settings } from './settings.ts';

/** The certificate and key to serve with; null for plain text. Throws when they cannot serve. */
export function readTls({
  tlsCert,
  tlsKey,
}: Pick<Settings, 'tlsCert' | 'tlsKey'>): { readonly cert: string; readonly key: string } | null {
  if (tlsCert === '') return null;
  const pair = { cert: readPem('TLS_CERT', tlsCert), key: readPem('TLS_KEY', tlsKey) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new Error(
      `TLS_CERT=${tlsCert} and TLS_KEY=${tlsKey} cannot serve together: ${reason(error)}. ` +
        'Give a PEM certificate and the PEM key that it was made for.',
      { cause: error },
    );
  }
  return pair;
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${name}=${path} cannot be read: ${reason(error)}.`, { cause: error });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
