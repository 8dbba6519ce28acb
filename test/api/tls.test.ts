import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { get, type RequestOptions } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../src/api/server.ts';
import { readTls } from '../../src/main/read-tls.ts';
import { apiOptions, startApiRig, type ApiRig } from './api-rig.ts';
import { curl } from './curl.ts';

let api: ApiRig;
let server: ApiServer;
let folder: string;
let cert: string;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-tls-'));
  const subject = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
  ];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const out = ['-keyout', file('key.pem'), '-out', file('cert.pem'), '-days', '1'];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...subject, ...out]);
  cert = await readFile(file('cert.pem'), 'utf8');
  api = await startApiRig();
  const tls = readTls({ tlsCert: file('cert.pem'), tlsKey: file('key.pem') });
  server = await startApiServer(apiOptions(api.rig, { tls }));
});
afterAll(async () => {
  await server?.close();
  await api?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('HTTPS speaks HTTP/1.1 to who offers only that', async () => {
  const options: RequestOptions & { ALPNProtocols: string[] } = {
    ca: cert,
    ALPNProtocols: ['http/1.1'],
  };
  const [response] = await once(get(`${server.url}/health`, options), 'response');
  expect([server.url.slice(0, 8), response.statusCode, response.httpVersion]).toEqual([
    'https://',
    200,
    '1.1',
  ]);
  response.resume();
});

test('HTTPS speaks HTTP/2 to who offers it, REST and gRPC-style paths alike', async () => {
  const session = connectHttp2(server.url, { ca: cert });
  const stream = session.request({ ':path': '/api/v1/jobs' });
  const [headers] = await once(stream, 'response');
  expect([session.alpnProtocol, headers[':status']]).toEqual(['h2', 200]);
  stream.resume();
  const rpc = session.request({
    ':method': 'POST',
    ':path': '/behest.v1.RunService/ListRuns',
    'content-type': 'application/json',
  });
  rpc.end('{}');
  expect((await once(rpc, 'response'))[0][':status']).toBe(200);
  rpc.resume();
  session.destroy();
});

test('curl picks HTTP/2 by ALPN; old versions of TLS are refused', async () => {
  const path = `${server.url}/ping`;
  const answer = await curl(
    '--cacert',
    file('cert.pem'),
    '-w',
    '%{http_version} %{http_code}',
    path,
  );
  expect(answer.body).toContain('pong');
  await expect(curl('--cacert', file('cert.pem'), '--tls-max', '1.1', path)).rejects.toThrow();
});

test('plain text on the TLS port gets no answer of ours, and the next caller is served', async () => {
  const socket = connectPlain(server.port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'close');
  expect(heard).not.toContain('200 OK');
  expect((await curl('--cacert', file('cert.pem'), `${server.url}/ping`)).status).toBe(200);
});

test('files that cannot serve → an error that names the setting and the file', async () => {
  await writeFile(file('none.pem'), 'no key');
  const tlsCert = file('cert.pem');
  expect(readTls({ tlsCert: '', tlsKey: '' })).toBeNull();
  expect(() => readTls({ tlsCert, tlsKey: file('missing.pem') })).toThrow(/TLS_KEY=.*missing\.pem/);
  expect(() => readTls({ tlsCert, tlsKey: file('none.pem') })).toThrow(/cannot serve together/);
});
