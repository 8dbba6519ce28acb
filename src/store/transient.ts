/** What Postgres says when trying the same again is right. */
const SQLSTATES = new Set([
  '40001', // serialisation failure
  '40P01', // deadlock
  '55P03', // lock not available
  '57P01', // an operator stopped the server
  '57P02', // another session crashed the server
  '57P03', // starting up or shutting down
  '57P05', // idle session timeout
  '25006', // a server that has become a standby
]);
/** Connection exceptions; insufficient resources. */
const SQLSTATE_CLASSES = ['08', '53'];

const CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT', // the Unix socket of a server that is not up
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/**
 * Whether an error of the store comes from the connection or the moment, so that the same call is
 * worth repeating. What was sent may have been done: the ledger's calls are idempotent or guarded.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const { code } = error;
  if (typeof code !== 'string') return false;
  if (CONNECTION_CODES.has(code) || SQLSTATES.has(code)) return true;
  return code.length === 5 && SQLSTATE_CLASSES.includes(code.slice(0, 2));
}

/** Whether an error means that its connection is no more, or never came to be. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return CONNECTION_CODES.has(code) || code.startsWith('57P') || code.startsWith('08');
}

/** A statement that was under way, or a session that was in use, when a connection was lost. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly code = 'CONNECTION_CLOSED';

  constructor(pool: string) {
    super(`a connection of the ${pool} pool to Postgres was lost`);
  }
}
