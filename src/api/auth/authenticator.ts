import { createHash, timingSafeEqual } from 'node:crypto';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Library } from '../ports.ts';
import { createJwtVerifier, type JwtSettings } from './json-web-token.ts';
import { anonymous, type Principal } from './principal.ts';

export interface AuthSettings {
  /** Callers without credentials may read: only on loopback in embedded mode. */
  readonly anonymousMayRead: boolean;
  /** The token of embedded mode, which may do everything; empty is none. */
  readonly staticToken: string;
  readonly jwt: JwtSettings;
}

export interface Authenticator {
  /** Who sends these headers. UNAUTHENTICATED for credentials that are wrong, never for none. */
  authenticate(headers: Headers): Promise<Principal>;
}

/** Tells callers apart by their bearer token: a web token, the static one, or a stored one. */
export function createAuthenticator(
  settings: AuthSettings,
  library: Pick<Library, 'findToken'>,
): Authenticator {
  const verifier = createJwtVerifier(settings.jwt);
  const visitor: Principal = settings.anonymousMayRead ? { name: '', role: 'viewer' } : anonymous;
  const expected = settings.staticToken === '' ? null : digest(settings.staticToken);
  return {
    async authenticate(headers) {
      const header = headers.get('authorization');
      if (header === null) return visitor;
      const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
      if (token === undefined) throw refuse('The Authorization header must be "Bearer <token>".');
      const hash = digest(token);
      // Digests have one length whatever the token's, so the comparison tells nothing by its time.
      if (expected !== null && timingSafeEqual(hash, expected))
        return { name: 'local', role: 'admin' };
      if (isWebToken(token) && verifier !== null) {
        return verifier.verify(token).catch((error: unknown) => {
          if (error instanceof ConnectError) throw error;
          throw refuse(
            `The web token is not valid: ${error instanceof Error ? error.message : ''}.`,
          );
        });
      }
      const stored = await library.findToken(hash.toString('hex'));
      if (stored === null) throw refuse('The token is not known or has expired.');
      return { name: stored.name, role: stored.role };
    },
  };
}

function isWebToken(token: string): boolean {
  return token.split('.').length === 3;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function refuse(message: string): ConnectError {
  return new ConnectError(message, Code.Unauthenticated);
}
