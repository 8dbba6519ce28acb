import { HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import type { HttpConfig } from './config.ts';
import { parameters, type RequestBody } from './request-body.ts';

/** One request as it goes over the wire; a redirect makes the next one from it. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array | null;
}

const NOT_IDEMPOTENT = new Set(['POST', 'PATCH']);

/** The first request of a step. */
export function firstRequest(
  context: StepContext,
  config: HttpConfig,
  body: RequestBody | undefined,
): HttpRequest {
  const url = parseUrl(config, context.settings.selfUrl);
  const headers = new Map<string, string>([
    ['user-agent', 'behest'],
    ['accept', '*/*'],
    ['accept-encoding', 'gzip, deflate, br'],
  ]);
  if (body !== undefined) headers.set('content-type', body.contentType);
  if (NOT_IDEMPOTENT.has(config.method)) {
    headers.set('idempotency-key', context.task.idempotencyKey);
  }
  if (context.task.traceparent !== undefined) headers.set('traceparent', context.task.traceparent);
  const authorization = authorizationOf(config, url);
  if (authorization !== undefined) headers.set('authorization', authorization);
  for (const [name, value] of Object.entries(config.headers)) {
    if (value === null) headers.delete(name.toLowerCase());
    else headers.set(name.toLowerCase(), String(value));
  }
  url.username = '';
  url.password = '';
  return { method: config.method, url, headers, body: body?.bytes ?? null };
}

function parseUrl(config: HttpConfig, selfUrl: string): URL {
  const written = config.url.trim();
  const url = URL.parse(written.startsWith('/') ? onThisServer(written, selfUrl) : written);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const example = 'https://api.example.com/items';
    throw new HardError(
      'invalid_input',
      `url '${config.url.slice(0, 200)}' is no http or https address, such as ${example}`,
    );
  }
  for (const [name, value] of parameters(config.query)) url.searchParams.append(name, value);
  url.hash = '';
  return url;
}

/** Joined as text: however a path is spelt, it cannot lead to another host. */
function onThisServer(path: string, selfUrl: string): string {
  if (selfUrl !== '') return selfUrl.replace(/\/+$/, '') + path;
  throw new HardError(
    'not_configured',
    `url '${path.replace(/[?#].*$/s, '').slice(0, 200)}' is a path on this server, whose address ` +
      'this runner does not know: set BEHEST_SERVER=http://… for it, or write the whole address',
  );
}

function authorizationOf(config: HttpConfig, url: URL): string | undefined {
  const { auth } = config;
  if (auth?.bearer !== undefined) return `Bearer ${auth.bearer}`;
  if (auth?.basic !== undefined) return basic(auth.basic.username, auth.basic.password);
  if (url.username === '' && url.password === '') return undefined;
  return basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** A URL for messages: query and credentials may hold secrets. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

const CARRIED_ACROSS_ORIGINS = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'idempotency-key',
  'traceparent',
  'user-agent',
]);

/**
 * The request that a redirect asks for, or null when the response is none. Another origin gets no
 * header that could be a credential.
 */
export function redirectedRequest(
  request: HttpRequest,
  status: number,
  location: string | undefined,
): HttpRequest | null {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return null;
  const url = URL.parse(location, request.url.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const from = shownUrl(request.url);
    throw new HardError('invalid_input', `${from} redirects to '${location}', no http address`);
  }
  url.hash = '';
  url.username = '';
  url.password = '';
  const sameOrigin = url.origin === request.url.origin;
  const headers = new Map(
    [...request.headers].filter(([name]) => sameOrigin || CARRIED_ACROSS_ORIGINS.has(name)),
  );
  const keepsMethod = status === 307 || status === 308;
  if (keepsMethod || request.method === 'GET' || request.method === 'HEAD') {
    return { ...request, url, headers };
  }
  headers.delete('content-type');
  headers.delete('idempotency-key');
  return { method: 'GET', url, headers, body: null };
}
