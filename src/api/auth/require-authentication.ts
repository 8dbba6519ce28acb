import { isLoopback } from './loopback.ts';

export interface ExposureSettings {
  readonly host: string;
  readonly jwtSecret: string;
  readonly jwksUrl: string;
  /** Stored API tokens exist, or a static token is set by the operator. */
  readonly hasTokens: boolean;
}

/** Settings that would leave the server open to everybody. */
class AuthenticationMissing extends Error {
  override readonly name = 'AuthenticationMissing';
}

/** Throws when others could reach this server and nobody could sign in to it. */
export function requireAuthentication(settings: ExposureSettings): void {
  if (isLoopback(settings.host)) return;
  if (settings.jwtSecret !== '' || settings.jwksUrl !== '' || settings.hasTokens) return;
  throw new AuthenticationMissing(
    `HOST is "${settings.host}", which other machines can reach, and no authentication is set up. ` +
      'Set JWT_SECRET or JWKS_URL, create an API token, or set HOST to 127.0.0.1.',
  );
}
