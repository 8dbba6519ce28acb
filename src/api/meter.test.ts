import { expect, test } from 'vitest';
import { metricsEndpoint } from './meter.ts';
import type { Role } from './ports.ts';

const meter = { contentType: 'text/plain', read: () => Promise.resolve('behest_stuck_runs 0\n') };

async function ask(role: Role | null, isLocal: boolean): Promise<string> {
  const authenticator = { authenticate: () => Promise.resolve({ name: 'ada', role }) };
  let body = '';
  const request = { method: 'GET', headers: {} };
  const response = { writeHead: () => response, end: (text: string) => (body = text) };
  const endpoint = metricsEndpoint(meter, { isLocal, authenticator });
  await endpoint(request as never, response as never);
  return body;
}

test.each<[Role | null, boolean]>([
  ['viewer', false],
  ['admin', false],
  [null, true],
])('role %s, loopback %s → the metrics', async (role, isLocal) => {
  expect(await ask(role, isLocal)).toBe('behest_stuck_runs 0\n');
});

test('no role, from elsewhere → unauthenticated', async () => {
  await expect(ask(null, false)).rejects.toThrow('needs the role viewer');
});
