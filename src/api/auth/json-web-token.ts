import {
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyOptions,
} from 'jose';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Role } from '../ports.ts';
import type { Principal } from './principal.ts';

export interface JwtSettings {
  /** Shared secret of an HMAC algorithm; empty is not configured. */
  readonly secret: string;
  /** The only one that is taken: HS256, HS384 or HS512 with a secret, others with `jwksUrl`. */
  readonly algorithm: string;
  /** Where an OIDC issuer publishes its keys; empty is not configured. */
  readonly jwksUrl: string;
  /** Checked when set. */
  readonly issuer?: string;
  readonly audience?: string;
  /** Role of a valid token without a role claim. */
  readonly defaultRole: Role;
}

export interface JwtVerifier {
  /** Rejects when the token is not valid, saying why; UNAVAILABLE when the keys are out of reach. */
  verify(token: string): Promise<Principal>;
}

const hmac = ['HS256', 'HS384', 'HS512'];
const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

/**
 * Checks JSON web tokens with the shared secret or the issuer's keys. The kind of key decides the
 * algorithms that are taken, never the token: a public key cannot be passed off as a secret.
 */
export function createJwtVerifier(settings: JwtSettings): JwtVerifier | null {
  const checks: JWTVerifyOptions = {
    ...(settings.issuer === undefined ? {} : { issuer: settings.issuer }),
    ...(settings.audience === undefined ? {} : { audience: settings.audience }),
    clockTolerance: 5,
  };
  if (settings.secret !== '') {
    if (!hmac.includes(settings.algorithm)) {
      throw new Error(
        `JWT_ALGORITHM is "${settings.algorithm}"; with JWT_SECRET it must be one of ` +
          `${hmac.join(', ')}. For other algorithms set JWKS_URL.`,
      );
    }
    const key = new TextEncoder().encode(settings.secret);
    const options = { ...checks, algorithms: [settings.algorithm] };
    const verify = async (token: string): Promise<Principal> =>
      principalOf((await jwtVerify(token, key, options)).payload, settings);
    return { verify };
  }
  if (settings.jwksUrl === '') return null;
  const keys = createRemoteJWKSet(new URL(settings.jwksUrl));
  const { algorithm } = settings;
  const algorithms = asymmetric.includes(algorithm) ? [algorithm] : asymmetric;
  const options = { ...checks, algorithms };
  return {
    verify: async (token) => {
      const { payload } = await jwtVerify(token, keys, options).catch(keysOutOfReach);
      return principalOf(payload, settings);
    },
  };
}

/** Nobody can tell whether a token is good while the issuer does not answer. */
function keysOutOfReach(error: unknown): never {
  const isToken = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout);
  if (isToken && error.code !== 'ERR_JOSE_GENERIC') throw error;
  const message = 'The keys of the token issuer (JWKS_URL) are out of reach; try again later.';
  throw new ConnectError(message, Code.Unavailable, undefined, [], error);
}

function principalOf(payload: JWTPayload, settings: JwtSettings): Principal {
  const names = [payload['preferred_username'], payload['email'], payload['name'], payload.sub];
  const name = names.find((each) => typeof each === 'string' && each !== '');
  return {
    name: typeof name === 'string' ? name : 'jwt',
    role: roleOf(payload) ?? settings.defaultRole,
  };
}

/** The highest of `role`, `roles` and `behest_role`; null when there is none that we know. */
function roleOf(payload: JWTPayload): Role | null {
  const claims = [payload['role'], payload['roles'], payload['behest_role']].flat();
  const order: readonly Role[] = ['admin', 'operator', 'viewer'];
  return order.find((role) => claims.includes(role)) ?? null;
}
