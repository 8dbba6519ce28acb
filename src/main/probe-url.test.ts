import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeSettings } from './node-settings.ts';
import { probeUrl } from './probe-url.ts';
import { readSettings } from './read-settings.ts';

let server: Server;
let base: string;
beforeEach(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === '/down' ? 503 : 204;
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function settings(allow: string) {
  return nodeSettings(readSettings({ BEHEST_HTTP_ALLOW: allow }), '');
}

test('an URL that answers, asked again and again → holds each time', async () => {
  const allowed = settings('127.0.0.1');
  for (let time = 0; time < 3; time += 1) expect(await probeUrl(`${base}/up`, allowed)).toBe(true);
});

test('an answer of 503, nobody there, a private address → does not hold', async () => {
  expect(await probeUrl(`${base}/down`, settings('127.0.0.1'))).toBe(false);
  expect(await probeUrl('http://127.0.0.1:1/', settings('127.0.0.1'))).toBe(false);
  expect(await probeUrl(`${base}/up`, settings(''))).toBe(false);
});
