import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Json } from '../../expr/json.ts';
import { digestOf } from '../artifact-reference.ts';
import { HardError, RetryableError } from '../errors.ts';
import { testContext, type TestContextOptions } from '../test-context.ts';
import { executeHttp } from './execute.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Handler = (request: Seen, response: ServerResponse) => void;

let server: Server;
let base: string;
let seen: Seen[] = [];
let handler: Handler;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one: Seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      handler(one, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  seen = [];
  handler = (_, response) => response.end();
});

function answer(status: number, body: string | Buffer, headers: Record<string, string> = {}): void {
  handler = (_, response) => response.writeHead(status, headers).end(body);
}

function run(config: { [key: string]: Json }, options: TestContextOptions = {}): Promise<Json> {
  const settings = { httpAllow: ['127.0.0.1'], ...options.settings };
  return executeHttp(testContext({ ...options, settings }), config);
}

async function failure(work: Promise<unknown>): Promise<HardError | RetryableError> {
  const error: unknown = await work.then(
    () => expect.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof HardError || error instanceof RetryableError) return error;
  throw error;
}

test('JSON answer → parsed, with status, headers, url and duration', async () => {
  answer(200, '{"items":[1,2]}', { 'content-type': 'application/json', 'x-a': 'b' });
  const output = await run({ url: `${base}/x`, query: { q: 'a b', n: [1, 2], none: null } });
  expect(output).toMatchObject({
    status: 200,
    body: { items: [1, 2] },
    headers: { 'x-a': 'b' },
    url: `${base}/x?q=a+b&n=1&n=2`,
  });
  expect((output as { durationMs: number }).durationMs).toBeGreaterThanOrEqual(0);
  expect(seen[0]).toMatchObject({ method: 'GET', url: '/x?q=a+b&n=1&n=2' });
  expect(seen[0]!.headers).not.toHaveProperty('idempotency-key');
});

test('the seed’s POST → JSON body, bearer header, idempotency key, traceparent', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { Authorization: 'Bearer k' };
  await run({ method: 'POST', url: base, headers, body: { data: 1 } }, { traceparent });
  expect(seen[0]).toMatchObject({ method: 'POST', body: '{"data":1}' });
  expect(seen[0]!.headers).toMatchObject({
    'content-type': 'application/json',
    authorization: 'Bearer k',
    'idempotency-key': 'run-1.step',
    traceparent,
  });
});

test('a user’s own idempotency key → kept; null → left out', async () => {
  await run({ method: 'POST', url: base, headers: { 'idempotency-key': 'mine' } });
  await run({ method: 'POST', url: base, headers: { 'Idempotency-Key': null } });
  expect(seen[0]!.headers['idempotency-key']).toBe('mine');
  expect(seen[1]!.headers).not.toHaveProperty('idempotency-key');
});

test('form, text, file and multipart bodies → encoded as they are named', async () => {
  const files = { 'a.csv': 'x,y\n1,2\n' };
  await run({ method: 'POST', url: base, form: { a: '1&2', b: ['x', 'y'] } });
  await run({ method: 'PUT', url: base, body: 'plain' });
  await run({ method: 'PUT', url: base, bodyFile: { $file: 'a.csv' } }, { files });
  await run(
    {
      method: 'POST',
      url: base,
      files: [{ $file: 'a.csv' }],
      multipart: { fields: { kind: 'csv' }, files: [{ name: 'upload', file: './a.csv' }] },
    },
    { files },
  );
  expect(seen[0]).toMatchObject({ body: 'a=1%262&b=x&b=y' });
  expect(seen[0]!.headers['content-type']).toBe('application/x-www-form-urlencoded');
  expect(seen[1]!.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(seen[2]).toMatchObject({ body: 'x,y\n1,2\n' });
  const form = new Response(seen[3]!.body, {
    headers: { 'content-type': seen[3]!.headers['content-type']! },
  });
  // oxlint-disable-next-line typescript/no-deprecated -- for reading what this test itself has sent
  const fields = await form.formData();
  expect(fields.get('kind')).toBe('csv');
  expect(await (fields.get('upload') as File).text()).toBe('x,y\n1,2\n');
  expect((fields.get('upload') as File).name).toBe('a.csv');
});

test('a multipart file that is an artifact → its content, name and media type', async () => {
  const file = { artifact: digestOf(Buffer.from('x,y')), name: 'a.csv', media_type: 'text/csv' };
  const multipart = {
    files: [
      { name: 'upload', file },
      { name: 'b', file, filename: 'c.csv' },
    ],
  };
  await run({ method: 'POST', url: base, multipart }, { blobs: ['x,y'] });
  const [{ body } = { body: '' }] = seen;
  expect(body).toContain(
    'name="upload"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\nx,y\r\n',
  );
  expect(body).toContain('name="b"; filename="c.csv"');
});

test.each(['/api/v1/x?a=1', '//evil.example/x', '/\\evil.example'])(
  'url %s → a path on this server, never another host',
  async (url) => {
    const settings = { httpAllow: [], selfUrl: `${base}/` };
    await run({ url }, { settings });
    expect(seen).toHaveLength(1);
    expect(seen[0]!.url).toBe(new URL(base + url).href.slice(base.length));
  },
);

test('url that is a path, where the server is not known → hard not_configured', async () => {
  const error = await failure(run({ url: '/x?token=hidden' }));
  expect(error).toMatchObject({ class: 'hard', code: 'not_configured' });
  expect(error.message).toMatch(/'\/x'.*BEHEST_SERVER/);
});

test('a multipart file that is not listed → hard invalid_input that says so', async () => {
  const multipart = { files: [{ name: 'u', file: 'b.csv' }] };
  const error = await failure(run({ method: 'POST', url: base, multipart }));
  expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(error.message).toContain("'b.csv' is not one of the paths in `files`");
});

test.each([
  [{ basic: { username: 'u', password: 'p:1' } }, `Basic ${btoa('u:p:1')}`],
  [{ bearer: 't' }, 'Bearer t'],
])('auth %j → authorization header', async (auth, expected) => {
  await run({ url: base, auth });
  expect(seen[0]!.headers.authorization).toBe(expected);
});

test.each([
  [408, 'retryable', 'transient'],
  [425, 'retryable', 'transient'],
  [429, 'retryable', 'rate_limited'],
  [500, 'retryable', 'transient'],
  [503, 'retryable', 'transient'],
  [400, 'hard', 'invalid_input'],
  [401, 'hard', 'unauthorised'],
  [403, 'hard', 'unauthorised'],
  [404, 'hard', 'invalid_input'],
  [422, 'hard', 'invalid_input'],
])('status %i → %s %s with an excerpt', async (status, errorClass, code) => {
  answer(status, 'x'.repeat(5000));
  const error = await failure(run({ url: `${base}/a?token=secret` }));
  expect(error).toMatchObject({ class: errorClass, code, details: { status } });
  expect((error.details as { body: string }).body).toBe('x'.repeat(2048));
  expect(error.message).toContain(`GET ${base}/a answered ${status}`);
  expect(error.message).not.toContain('secret');
});

test('Retry-After in seconds and as a date → retryAfterMs', async () => {
  answer(429, '', { 'retry-after': '7' });
  expect((await failure(run({ url: base }))).retryAfterMs).toBe(7000);
  answer(503, '', { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
  const { retryAfterMs } = await failure(run({ url: base }));
  expect(retryAfterMs).toBeGreaterThan(50_000);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
});

test('expectStatus → lists what counts as success', async () => {
  answer(404, 'none');
  const config = { url: base, response: { expectStatus: [404] } };
  expect(await run(config)).toMatchObject({ status: 404 });
  answer(200, 'ok');
  expect(await failure(run(config))).toMatchObject({ class: 'hard', code: 'invalid_input' });
});

test('nobody listens, connection cut → retryable transient', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await new Promise((resolve) => other.close(resolve));
  const refused = await failure(run({ url: `http://127.0.0.1:${port}/` }));
  expect(refused).toMatchObject({ class: 'retryable', code: 'transient' });
  handler = (_, response) => response.destroy();
  expect(await failure(run({ url: base }))).toMatchObject({ code: 'transient' });
});

test('abort → the reason that the runner gave', async () => {
  const controller = new AbortController();
  handler = () =>
    controller.abort({ class: 'retryable', code: 'timeout', message: 'attempt timed out' });
  const error = await failure(run({ url: base }, { signal: controller.signal }));
  expect(error).toMatchObject({
    class: 'retryable',
    code: 'timeout',
    message: 'attempt timed out',
  });
});

test.each(['nonsense', 'ftp://example.com/', 'file:///etc/passwd', 'http://'])(
  'url %s → hard invalid_input',
  async (url) => {
    expect(await failure(run({ url }))).toMatchObject({ class: 'hard', code: 'invalid_input' });
  },
);

test('a wrong config → hard, naming the field', async () => {
  const error = await failure(run({ url: base, method: '{{ evil', followRedirects: 'yes' }));
  expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(error.message).toMatch(/method .*; followRedirects must be boolean/);
});

test('body over maxBytes, also only after decompression → hard limit', async () => {
  const response = { maxBytes: 1000 };
  answer(200, 'x'.repeat(1001));
  expect(await failure(run({ url: base, response }))).toMatchObject({ code: 'limit' });
  answer(200, gzipSync('x'.repeat(100_000)), { 'content-encoding': 'gzip' });
  expect(await failure(run({ url: base, response }))).toMatchObject({
    class: 'hard',
    code: 'limit',
  });
  answer(200, 'x'.repeat(1000));
  expect(await run({ url: base, response })).toMatchObject({ body: 'x'.repeat(1000) });
});

test.each<[string, string, string | Buffer, string, Json]>([
  ['auto', 'application/problem+json', '{"a":1}', '', { a: 1 }],
  ['auto', 'application/json', 'not json', '', 'not json'],
  ['auto', 'text/html', '<p>', '', '<p>'],
  ['auto', 'text/plain; charset=iso-8859-1', Buffer.from([0xe9]), '', 'é'],
  ['auto', 'image/png', Buffer.from([1, 2, 255]), '', 'AQL/'],
  ['auto', 'text/plain', gzipSync('zipped'), 'gzip', 'zipped'],
  ['auto', '', 'bare', '', 'bare'],
  ['auto', 'application/json', '', '', null],
  ['json', 'text/plain', '[1]', '', [1]],
  ['text', 'application/json', '[1]', '', '[1]'],
  ['base64', 'text/plain', 'ab', '', 'YWI='],
])('parse %s of %s %s', async (parse, type, body, encoding, expected) => {
  answer(200, body, {
    ...(type === '' ? {} : { 'content-type': type }),
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  });
  expect(await run({ url: base, response: { parse } })).toMatchObject({ body: expected });
});

test('no JSON where it was demanded → hard malformed_output', async () => {
  answer(200, '<html>');
  const error = await failure(run({ url: base, response: { parse: 'json' } }));
  expect(error).toMatchObject({ code: 'malformed_output', details: { body: '<html>' } });
});

test('extract → values at the pointers, null where there is none', async () => {
  answer(200, '{"a":{"b/c":[5]}}', { 'content-type': 'application/json' });
  const extract = { five: '/a/b~1c/0', none: '/a/x/y', all: '' };
  expect(await run({ url: base, response: { extract } })).toMatchObject({
    extracted: { five: 5, none: null, all: { a: { 'b/c': [5] } } },
  });
});

test('redirects → followed, POST becomes GET on 303 and stays on 307', async () => {
  handler = ({ url }, response) => {
    if (url === '/end') return response.end('done');
    return response.writeHead(url === '/keep' ? 307 : 303, { location: '/end' }).end();
  };
  const output = await run({ method: 'POST', url: `${base}/go`, body: { a: 1 } });
  expect(output).toMatchObject({ status: 200, url: `${base}/end`, body: 'done' });
  expect(seen[1]).toMatchObject({ method: 'GET', body: '' });
  await run({ method: 'POST', url: `${base}/keep`, body: { a: 1 } });
  expect(seen[3]).toMatchObject({ method: 'POST', url: '/end', body: '{"a":1}' });
});

test('more than five redirects → hard limit; not followed where the config says so', async () => {
  answer(302, '', { location: '/again' });
  expect(await failure(run({ url: base }))).toMatchObject({ class: 'hard', code: 'limit' });
  expect(seen).toHaveLength(6);
  expect(await run({ url: base, followRedirects: false })).toMatchObject({ status: 302 });
});

test('redirect to another origin → no credentials go along', async () => {
  const port = new URL(base).port;
  handler = ({ url }, response) => {
    if (url === '/end') return response.end();
    return response.writeHead(302, { location: `http://localhost:${port}/end` }).end();
  };
  await run(
    { url: base, auth: { bearer: 't' }, headers: { 'x-api-key': 'k', cookie: 'c' } },
    { settings: { httpAllow: ['127.0.0.1', 'localhost'] } },
  );
  expect(seen[0]!.headers).toMatchObject({ authorization: 'Bearer t', 'x-api-key': 'k' });
  for (const name of ['authorization', 'x-api-key', 'cookie']) {
    expect(seen[1]!.headers).not.toHaveProperty(name);
  }
});

test.each([
  '127.0.0.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  'localhost',
  '[::1]',
  '[::ffff:7f00:1]',
  '0',
])('http://%s → refused before a connection is made, unless allowed', async (host) => {
  const url = `http://${host}:${new URL(base).port}/`;
  const error = await failure(run({ url }, { settings: { httpAllow: [] } }));
  expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(error.message).toContain('BEHEST_HTTP_ALLOW');
  expect(seen).toHaveLength(0);
});

test('a redirect to a private address → refused at that hop', async () => {
  answer(302, '', { location: 'http://169.254.169.254/latest/meta-data/' });
  const error = await failure(run({ url: base }, { settings: { httpAllow: [], selfUrl: base } }));
  expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(error.message).toContain('169.254.169.254');
  expect(seen).toHaveLength(1);
});
