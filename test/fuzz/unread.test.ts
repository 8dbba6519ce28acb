import { once } from 'node:events';
import { type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HttpResponse } from '../../src/api/http-exchange.ts';
import { openPort } from '../../src/api/one-port.ts';
import { startApiRig, TOKEN, type ApiRig } from '../api/api-rig.ts';
import { socketsOfServer } from './sockets-of-server.ts';

let api: ApiRig;
const defects: unknown[] = [];
beforeAll(async () => {
  api = await startApiRig({ onInternalError: (error) => defects.push(error) });
});
afterAll(() => api?.stop());
afterEach(() => {
  if (defects.length > 0) throw new AggregateError(defects, 'the server logged defects of its own');
});

interface Call {
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Status, headers, body and trailers of one call over HTTP/2, as text. */
async function call({ path, type, body, headers = {} }: Call): Promise<string> {
  const session = connectHttp2(api.server.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': `/behest.v1.${path}`,
    'content-type': type,
    te: 'trailers',
    authorization: `Bearer ${TOKEN}`,
    ...headers,
  });
  let text = '';
  stream.on('response', (found) => (text += JSON.stringify(found)));
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  stream.on('trailers', (found) => (text += JSON.stringify(found)));
  stream.on('error', () => undefined);
  stream.end(body);
  await once(stream, 'close');
  session.destroy();
  return decodeURIComponent(text.replaceAll(/%(?![0-9A-F]{2})/g, '%25'));
}

function envelope(message: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const noise = Buffer.from([0x0a, 0xff]);

describe('bytes that are no such message → INVALID_ARGUMENT in every protocol', () => {
  test.each([
    ['gRPC', 'RunService/GetRun', 'application/grpc', envelope(noise), '"grpc-status":"3"'],
    [
      'gRPC, a stream',
      'RunService/WatchRun',
      'application/grpc',
      envelope(noise),
      '"grpc-status":"3"',
    ],
    [
      'gRPC-Web',
      'RunService/GetRun',
      'application/grpc-web+proto',
      envelope(noise),
      'grpc-status: 3\r\n',
    ],
    ['Connect', 'RunService/GetRun', 'application/proto', noise, '"code":"invalid_argument"'],
    [
      'Connect, a stream',
      'RunService/WatchRun',
      'application/connect+proto',
      envelope(noise),
      '"code":"invalid_argument"',
    ],
    [
      'gRPC, compressed without a name',
      'RunService/GetRun',
      'application/grpc',
      envelope(noise, 1),
      '"grpc-status":"3"',
    ],
  ])('%s', async (_, path, type, body, expected) => {
    const heard = await call({ path, type, body });
    expect(heard).toContain(expected);
    expect(heard).toContain('cannot be read');
    expect(heard).not.toMatch(/internal|"13"/);
  });
});

describe('a message that unpacks to a gigabyte → refused within the limit', () => {
  const zeros = Buffer.alloc(64 << 20);
  const gzip = Buffer.concat(Array.from({ length: 16 }, () => gzipSync(zeros)));
  test.each([
    ['gRPC, gzip', 'application/grpc', 'grpc-encoding', 'gzip', gzip, '"grpc-status":"8"'],
    [
      'gRPC, brotli',
      'application/grpc',
      'grpc-encoding',
      'br',
      brotliCompressSync(zeros),
      '"grpc-status":"8"',
    ],
    ['gRPC-Web', 'application/grpc-web+proto', 'grpc-encoding', 'gzip', gzip, 'grpc-status: 8'],
    ['Connect', 'application/proto', 'content-encoding', 'gzip', gzip, 'resource_exhausted'],
  ])('%s', async (_, type, header, encoding, bomb, expected) => {
    const body = type.includes('grpc') ? envelope(bomb, 1) : bomb;
    const before = process.memoryUsage().rss;
    const path = 'WorkflowService/ApplyManifest';
    expect(await call({ path, type, body, headers: { [header]: encoding } })).toContain(expected);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});

test('a request of HTTP/2 that never ends is given up, one that ended is answered', async () => {
  const { promise: read, resolve } = Promise.withResolvers<HttpResponse>();
  const port = await openPort({
    host: '127.0.0.1',
    port: 0,
    tls: null,
    requestTimeoutMs: 100,
    handler: (request, response) => {
      request.on('error', () => undefined);
      request.on('end', () => resolve(response));
      request.resume();
    },
  });
  const session = connectHttp2(`http://127.0.0.1:${port.port}`);
  const post = (): ClientHttp2Stream => session.request({ ':method': 'POST', ':path': '/' });
  const quick = post();
  let heard = '';
  quick.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  quick.end('{}');
  const closed = once(quick, 'close');
  const answer = await read;
  // Begun later than the other, so when its time is over the other's would be.
  const slow = post();
  slow.on('error', () => undefined);
  slow.write('{');
  await once(slow, 'close');
  answer.end('heard');
  await closed;
  expect([slow.rstCode, heard]).toEqual([8, 'heard']);
  session.destroy();
  await port.close(0);
});

test('a connection says how many calls it takes at once', async () => {
  const session = connectHttp2(api.server.url);
  const [settings] = (await once(session, 'remoteSettings')) as [{ maxConcurrentStreams: number }];
  expect(settings.maxConcurrentStreams).toBe(1000);
  session.destroy();
});

test('an answer of HTTP/2 that is cancelled half-sent → its connection goes on', async () => {
  const large = Buffer.alloc(11_000_000);
  const port = await openPort({
    host: '127.0.0.1',
    port: 0,
    tls: null,
    handler: (request, response) => response.end(request.url === '/large' ? large : 'small'),
  });
  const session = connectHttp2(`http://127.0.0.1:${port.port}`);
  const cancelled = session.request({ ':path': '/large' });
  cancelled.once('data', () => cancelled.close(constants.NGHTTP2_CANCEL));
  await once(cancelled, 'close');
  const next = session.request({ ':path': '/' });
  next.on('error', () => undefined);
  let heard = '';
  next.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  await once(next, 'close');
  expect([next.rstCode, heard]).toEqual([constants.NGHTTP2_NO_ERROR, 'small']);
  session.destroy();
  await port.close(0);
});

describe('a request of HTTP/2 that is not read to its end → its connection closes with its client', () => {
  test.each([
    ['gRPC', 'POST', '/behest.v1.RunService/GetRun', 'application/grpc'],
    ['gRPC-Web', 'POST', '/behest.v1.RunService/GetRun', 'application/grpc-web+proto'],
    ['Connect, a stream', 'POST', '/behest.v1.RunService/WatchRun', 'application/connect+json'],
    ['REST, OPTIONS', 'OPTIONS', '/api/v1/jobs', 'application/json'],
    ['REST, GET', 'GET', '/api/v1/nodes', 'application/json'],
    ['an endpoint of operators', 'GET', '/ping', 'application/json'],
  ])('%s', async (_, method, path, type) => {
    const before = socketsOfServer(api.server.port);
    const session = connectHttp2(api.server.url);
    const fields = { ':method': method, ':path': path, 'content-type': type };
    const stream = session.request(fields, { endStream: false });
    stream.on('error', () => undefined);
    // More than a stream takes before somebody reads it.
    stream.end(Buffer.alloc(100_000, ' '));
    stream.resume();
    await Promise.race([once(stream, 'end'), once(stream, 'close')]);
    stream.close();
    session.close();
    await once(session, 'close');
    await expect.poll(() => socketsOfServer(api.server.port)).toBe(before);
  });
});

/** A request over HTTP/1.1 with a body of a MiB, more than any buffer on its way takes. */
function largeRequest(line: string, type: string): Buffer {
  const body = Buffer.alloc(1 << 20, ' ');
  const fields = { host: 'localhost', authorization: `Bearer ${TOKEN}`, 'content-type': type };
  const head = Object.entries({ ...fields, 'content-length': body.length });
  const lines = [`${line} HTTP/1.1`, ...head.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

describe('over HTTP/1.1 a message that is refused half-read → its connection goes on', () => {
  test.each(['application/grpc-web+proto', 'application/grpc', 'application/connect+json'])(
    '%s',
    async (type) => {
      const method = type.includes('connect') ? 'WatchRun' : 'GetRun';
      const socket = connect(api.server.port, '127.0.0.1');
      let heard = '';
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
      socket.write(largeRequest(`POST /behest.v1.RunService/${method}`, type));
      await expect.poll(() => heard).toContain('HTTP/1.1 200');
      socket.write('GET /ping HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
      await once(socket, 'close');
      expect(heard).toContain('{"message":"pong"}');
    },
  );
});
