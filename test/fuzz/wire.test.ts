import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startApiRig, TOKEN, type ApiRig } from '../api/api-rig.ts';

let api: ApiRig;
const defects: unknown[] = [];
beforeAll(async () => {
  api = await startApiRig({ onInternalError: (error) => defects.push(error) });
});
afterAll(() => api?.stop());
afterEach(async () => {
  const { json } = await api.call('GET', '/health');
  if (json.status !== 'ok') throw new Error(`/health says ${JSON.stringify(json)}`);
  if (defects.length > 0) throw new AggregateError(defects, 'the server logged defects of its own');
});

const sign = `host: localhost\r\nauthorization: Bearer ${TOKEN}\r\n`;

/** Writes these bytes to a new connection and answers all that comes back until it is quiet or closed. */
async function speak(bytes: string | Buffer, isDone: (heard: string) => boolean): Promise<string> {
  const socket = connect(api.server.port, '127.0.0.1');
  let heard = '';
  let isClosed = false;
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
  socket.on('error', () => (isClosed = true));
  socket.on('close', () => (isClosed = true));
  await once(socket, 'connect');
  socket.write(bytes);
  await expect.poll(() => isClosed || isDone(heard), { timeout: 5000 }).toBe(true);
  socket.destroy();
  return heard;
}

const answers = (heard: string): string[] =>
  [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);

test('pipelined requests → an answer each, in order', async () => {
  const one = (path: string): string => `GET ${path} HTTP/1.1\r\n${sign}\r\n`;
  const heard = await speak(
    one('/ping') + one('/api/v1/workflows/none') + one('/api/v1/jobs?x=1') + one('/ping'),
    (text) => answers(text).length === 4,
  );
  expect(answers(heard)).toEqual(['200', '404', '400', '200']);
});

test.each([
  ['endless headers', `GET /ping HTTP/1.1\r\n${'x-a: b\r\n'.repeat(20_000)}`, '431'],
  ['one endless header', `GET /ping HTTP/1.1\r\nx: ${'y'.repeat(100_000)}`, '431'],
  [
    'two lengths',
    `POST /ping HTTP/1.1\r\n${sign}content-length: 1\r\ncontent-length: 2\r\n\r\n`,
    '400',
  ],
  [
    'length and chunks',
    `POST /ping HTTP/1.1\r\n${sign}content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    '400',
  ],
  ['a negative length', `POST /ping HTTP/1.1\r\n${sign}content-length: -1\r\n\r\n`, '400'],
  [
    'a bad chunk',
    `POST /workflows/execute HTTP/1.1\r\n${sign}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    '400',
  ],
  ['no host', 'GET /ping HTTP/1.1\r\n\r\n', '400'],
  ['a path with a control character', `GET /a\x01b HTTP/1.1\r\n${sign}\r\n`, '400'],
  ['a whole address', `GET http://evil.example/ping HTTP/1.1\r\n${sign}\r\n`, '404'],
  ['a path up and away', `GET /../../etc/passwd HTTP/1.1\r\n${sign}\r\n`, '404'],
  ['two slashes', `GET //evil.example/api/v1/jobs HTTP/1.1\r\n${sign}\r\n`, '200'],
] as const)('%s → %s', async (_, bytes, status) => {
  const heard = await speak(Buffer.from(bytes, 'latin1'), (text) => answers(text).length > 0);
  // The parser of Node may also cut a connection that floods it.
  if (heard !== '') expect(answers(heard)[0]).toBe(status);
  expect(heard).not.toMatch(/node:internal|root:/);
});

test('slow bodies and half-closed sockets hold up nobody else', async () => {
  const open = Array.from({ length: 50 }, () => connect(api.server.port, '127.0.0.1'));
  for (const [index, socket] of open.entries()) {
    socket.on('error', () => undefined);
    socket.write(`POST /workflows/execute HTTP/1.1\r\n${sign}content-length: 1000\r\n\r\n{`);
    if (index % 2 === 0) socket.end();
  }
  const before = performance.now();
  expect((await api.call('GET', '/api/v1/jobs')).status).toBe(200);
  expect(performance.now() - before).toBeLessThan(5000);
  for (const socket of open) socket.destroy();
});

test('uploads that break off, without an end and within a file → refused, and the server lives', async () => {
  const head = '--e\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nsome';
  const type = 'content-type: multipart/form-data; boundary=e\r\n';
  const whole = `POST /workflows/execute HTTP/1.1\r\n${sign}${type}content-length: ${head.length}\r\n\r\n${head}`;
  expect(answers(await speak(whole, (text) => answers(text).length > 0))).toEqual(['400']);
  const cut = connect(api.server.port, '127.0.0.1');
  cut.write(
    `POST /workflows/execute HTTP/1.1\r\n${sign}${type}content-length: 99999\r\n\r\n${head}`,
  );
  await once(cut, 'connect');
  cut.destroy();
});

test('many large plain fields of a form count against the upload limit', async () => {
  const field = `--e\r\nContent-Disposition: form-data; name="f"\r\n\r\n${'x'.repeat(3 << 20)}\r\n`;
  async function* fields(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 40; i += 1) yield Buffer.from(field);
  }
  const answer = await fetch(`${api.server.url}/workflows/execute`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'multipart/form-data; boundary=e',
    },
    body: ReadableStream.from(fields()),
    duplex: 'half',
  });
  expect(answer.status).toBe(413);
  await answer.body?.cancel();
});

test('a form with more parts than a form has → 413', async () => {
  const part = '--e\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n';
  const answer = await fetch(`${api.server.url}/workflows/execute`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'multipart/form-data; boundary=e',
    },
    body: `${part.repeat(1001)}--e--\r\n`,
  });
  expect(answer.status).toBe(413);
});

test.each([
  ['REST', '/api/v1/workflows', 'application/json', 415],
  ['Connect', '/behest.v1.WorkflowService/ApplyManifest', 'application/json', 429],
])(
  '%s: a bomb of 1 GiB of zeros in 1 MiB → %s without unpacking it',
  async (_, path, type, status) => {
    const layer = gzipSync(Buffer.alloc(64 << 20));
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => layer));
    const before = process.memoryUsage().rss;
    const answer = await fetch(`${api.server.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': type,
        'content-encoding': 'gzip',
      },
      body: bomb,
    });
    expect([status, answer.status]).toEqual([status, status]);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  },
);

test('streams of HTTP/2 that are reset at once, by the hundred → the session or the server lives', async () => {
  const session = connectHttp2(api.server.url);
  session.on('error', () => undefined);
  for (let i = 0; i < 500 && !session.destroyed; i += 1) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/workflows/execute',
      authorization: `Bearer ${TOKEN}`,
    });
    stream.on('error', () => undefined);
    stream.write('{"workflow_id":');
    stream.close(constants.NGHTTP2_CANCEL);
  }
  session.destroy();
});

test('HEAD of an open stream → headers alone', async () => {
  await api.rig.register('nap', [{ id: 'nap', type: 'wait', config: { duration: '1h' } }]);
  const id = await api.execute('nap');
  const answer = await fetch(`${api.server.url}/jobs/${id}/stream`, { method: 'HEAD' });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
});

test('Connect: bytes that are no message → 400 that says so', async () => {
  const answer = await fetch(`${api.server.url}/behest.v1.RunService/GetRun`, {
    method: 'POST',
    headers: { 'content-type': 'application/proto', authorization: `Bearer ${TOKEN}` },
    body: Buffer.from([0x0a, 0xff]),
  });
  const error = (await answer.json()) as { code: string; message: string };
  expect([answer.status, error.code]).toEqual([400, 'invalid_argument']);
  expect(error.message).toContain('cannot be read');
});

test('Connect: a body that is not compressed as it says → 400 that says so', async () => {
  const answer = await fetch(`${api.server.url}/behest.v1.SourceService/GetSource`, {
    method: 'POST',
    headers: {
      'content-type': 'application/proto',
      'content-encoding': 'br',
      authorization: `Bearer ${TOKEN}`,
    },
    body: Buffer.from('gno'),
  });
  const error = (await answer.json()) as { code: string; message: string };
  expect([answer.status, error.code]).toEqual([400, 'invalid_argument']);
  expect(error.message).toContain('cannot be read');
});

test.each([
  ['U+0000 in a path', '/api/v1/sources/%00'],
  ['U+0000 in a query', '/api/v1/jobs?workflow_id=a%00'],
  ['a page token of bytes', '/api/v1/workflows?page_token=%00'],
])('%s → 400', async (_, path) => {
  expect((await api.call('GET', path)).status).toBe(400);
});

test('gRPC: an error that would quote half a surrogate pair → INVALID_ARGUMENT, not silence', async () => {
  const message = Buffer.from('{"page_size": "\\ud800"}');
  const head = Buffer.from([0, 0, 0, 0, message.length]);
  const session = connectHttp2(api.server.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/behest.v1.RunService/ListRuns',
    'content-type': 'application/grpc+json',
    te: 'trailers',
  });
  stream.end(Buffer.concat([head, message]));
  stream.resume();
  const [headers] = await once(stream, 'response');
  expect(headers['grpc-status']).toBe('3');
  session.destroy();
});

test('a number that JSON does not know → 400', async () => {
  const answer = await fetch(`${api.server.url}/workflows/execute`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: '{"workflow_id": "nap", "input": {"a": [-1e999]}}',
  });
  expect([answer.status, await answer.text()]).toEqual([
    400,
    expect.stringContaining('must be JSON'),
  ]);
});

test('a field of a form nested 100,000 deep → 400', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const answer = await fetch(`${api.server.url}/workflows/execute`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: new URLSearchParams({ workflow_id: 'nap', a: deep }),
  });
  expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
    400,
    'A field is nested more than 64 levels deep.',
  ]);
});
