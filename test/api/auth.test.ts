import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requiredRole } from '../../src/api/auth/authorise.ts';
import { requireAuthentication } from '../../src/api/auth/require-authentication.ts';
import { startApiServer, type ApiServer } from '../../src/api/server.ts';
import { NodeService } from '../../src/gen/behest/v1/node_service_pb.ts';
import { RunService } from '../../src/gen/behest/v1/run_service_pb.ts';
import { SourceService } from '../../src/gen/behest/v1/source_service_pb.ts';
import { WorkflowService } from '../../src/gen/behest/v1/workflow_service_pb.ts';
import { apiOptions, callRest, JWT_SECRET, startApiRig, TOKEN, type ApiRig } from './api-rig.ts';
import { curl } from './curl.ts';

let api: ApiRig;
let closed: ApiServer;
let issuer: Server;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let withJwks: ApiServer;

beforeAll(async () => {
  api = await startApiRig();
  const { auth } = apiOptions(api.rig);
  closed = await startApiServer(
    apiOptions(api.rig, { auth: { ...auth, anonymousMayRead: false } }),
  );
  keys = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256' };
  issuer = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((done) => issuer.listen(0, '127.0.0.1', done));
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
  const jwt = { ...auth.jwt, secret: '', jwksUrl, issuer: 'https://issuer.example' };
  withJwks = await startApiServer(apiOptions(api.rig, { auth: { ...auth, jwt } }));
});
afterAll(async () => {
  issuer?.close();
  await withJwks?.close();
  await closed?.close();
  await api?.stop();
});

const secret = new TextEncoder().encode(JWT_SECRET);
const jwt = (claims: Record<string, unknown>): SignJWT =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('5m');
const tokenOf = (role: string): Promise<string> => jwt({ sub: `a ${role}`, role }).sign(secret);

const refused = [401, 403];
const services = [WorkflowService, RunService, SourceService, NodeService];
const rpcs = services.flatMap((service) => service.methods.map((rpc) => ({ service, rpc })));
const ranks = ['anonymous', 'viewer', 'operator', 'admin'];

async function callRpc(url: string, path: string, token: string): Promise<number> {
  const streaming = /Watch|Follow/.test(path);
  const body = streaming ? Buffer.from([0, 0, 0, 0, 2, 0x7b, 0x7d]) : '{}';
  const headers: Record<string, string> = {
    'content-type': streaming ? 'application/connect+json' : 'application/json',
  };
  if (token !== '') headers['authorization'] = `Bearer ${token}`;
  const answer = await fetch(`${url}/${path}`, { method: 'POST', headers, body });
  const text = await answer.text();
  // A Connect stream answers 200 and puts its error into the last message.
  if (/"code":"unauthenticated"/.test(text)) return 401;
  return /"code":"permission_denied"/.test(text) ? 403 : answer.status;
}

describe('every RPC × every role', () => {
  test.each(rpcs)('$service.name.$rpc.name', async ({ service, rpc }) => {
    const needed = requiredRole(rpc);
    expect(needed).not.toBeNull();
    const path = `${service.typeName}/${rpc.name}`;
    for (const [rank, role] of ranks.entries()) {
      const token = role === 'anonymous' ? '' : await tokenOf(role);
      const isAllowed = rank >= ranks.indexOf(needed!);
      const expected = isAllowed ? 'passes' : role === 'anonymous' ? 401 : 403;
      const status = await callRpc(closed.url, path, token);
      expect([role, refused.includes(status) ? status : 'passes']).toEqual([role, expected]);
    }
    const anonymous = await callRpc(api.server.url, path, '');
    expect(refused.includes(anonymous)).toBe(needed !== 'viewer');
  });
});

describe('REST bindings are behind the same door', () => {
  test.each([
    ['POST', '/workflows/execute'],
    ['POST', '/workflows/'],
    ['DELETE', '/api/v1/workflows/x'],
    ['POST', '/api/v1/sources/x:reconcile'],
    ['POST', '/api/v1/nodes/http/test'],
  ])('%s %s without a token → 401 that says how', async (method, path) => {
    const { status, headers, json } = await callRest(api.server.url, { method, path, token: '' });
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="behest"']);
    expect(json.detail).toContain('Authorization: Bearer');
  });

  test('an upload is refused before it is read or stored', async () => {
    let stored = 0;
    const putBlob = api.rig.store.library.putBlob.bind(api.rig.store.library);
    api.rig.store.library.putBlob = (bytes) => {
      stored += 1;
      return putBlob(bytes);
    };
    const { status } = await curl(
      '-F',
      'workflow_id=x',
      '-F',
      'file=@package.json',
      `${api.server.url}/workflows/execute`,
    );
    expect([status, stored]).toEqual([401, 0]);
  });
});

describe('credentials', () => {
  const list = (url: string, token: string) =>
    callRest(url, { method: 'GET', path: '/api/v1/jobs', token });

  test('the static token may do everything; one that differs nothing, not even read', async () => {
    expect((await list(closed.url, TOKEN)).status).toBe(200);
    expect((await list(api.server.url, `${TOKEN}x`)).status).toBe(401);
  });

  test('a stored token has its role, by hash alone, until it expires', async () => {
    const url = api.rig.store.library;
    const token = `behest_${randomUUID()}`;
    const hash = createHash('sha256').update(token).digest('hex');
    const findToken = url.findToken.bind(url);
    url.findToken = async (asked) =>
      asked === hash ? { name: 'ci', role: 'operator' } : await findToken(asked);
    expect((await list(closed.url, token)).status).toBe(200);
    const denied = await callRest(closed.url, {
      method: 'DELETE',
      path: '/api/v1/workflows/x',
      token,
    });
    expect(denied.json).toMatchObject({
      status: 403,
      detail: expect.stringContaining('ci has the role operator'),
    });
    expect((await list(closed.url, `behest_${randomUUID()}`)).status).toBe(401);
  });

  test('web tokens: forged, expired, unsigned, other algorithm → 401; no role claim → viewer', async () => {
    const expired = await new SignJWT({ role: 'admin' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(1)
      .sign(secret);
    const forged = await jwt({ role: 'admin' }).sign(
      new TextEncoder().encode('another secret of enough bytes!!'),
    );
    const unsigned = new UnsecuredJWT({ role: 'admin' }).encode();
    const other = await new SignJWT({ role: 'admin' })
      .setProtectedHeader({ alg: 'HS512' })
      .sign(secret);
    for (const token of [expired, forged, unsigned, other]) {
      expect((await list(api.server.url, token)).status).toBe(401);
    }
    const plain = await jwt({ sub: 'ann' }).sign(secret);
    expect((await list(closed.url, plain)).status).toBe(200);
    const denied = await callRest(closed.url, {
      method: 'POST',
      path: '/workflows/execute',
      token: plain,
      body: {},
    });
    expect(denied.json.detail).toContain('ann has the role viewer');
  });

  test('JWKS: the issuer’s key signs, the public key as a secret does not', async () => {
    const claims = new SignJWT({ sub: 'ann', roles: ['viewer', 'admin'] })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setExpirationTime('5m')
      .setIssuer('https://issuer.example');
    const good = await claims.sign(keys.privateKey);
    expect((await list(withJwks.url, good)).status).toBe(200);
    expect(
      (await callRest(withJwks.url, { method: 'DELETE', path: '/api/v1/workflows/x', token: good }))
        .status,
    ).toBe(404);
    const jwk = await exportJWK(keys.publicKey);
    const confused = await new SignJWT({ role: 'admin', iss: 'https://issuer.example' })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(new TextEncoder().encode(jwk.n));
    expect((await list(withJwks.url, confused)).status).toBe(401);
    const foreign = await claims.setIssuer('https://other.example').sign(keys.privateKey);
    expect((await list(withJwks.url, foreign)).status).toBe(401);
  });

  test('who started a run is on record', async () => {
    await api.rig.register('named', [{ id: 'say', type: 'transform', config: { output: 1 } }]);
    const call = { method: 'POST', path: '/api/v1/workflows/named/execute', body: {} };
    const { json } = await callRest(api.server.url, { ...call, token: await tokenOf('operator') });
    expect(json.run).toMatchObject({ created_by: 'a operator', cause: { kind: 'api' } });
  });
});

describe('loopback is guarded against web pages', () => {
  test.each([
    ['Host of a rebound name', ['-H', 'Host: evil.example']],
    ['Host with a port', ['-H', 'Host: evil.example:8080']],
    ['Origin of another site', ['-H', 'Origin: https://evil.example']],
    ['Origin null', ['-H', 'Origin: null']],
  ])('%s → 403', async (_, headers) => {
    for (const path of ['/workflows/list', '/health', '/behest.v1.RunService/ListRuns']) {
      const answer = await curl(...headers, '--data', '{}', '-G', `${api.server.url}${path}`);
      expect(answer.status).toBe(403);
    }
  });

  test.each([
    ['localhost', ['-H', 'Host: localhost:8080']],
    ['its own page', ['-H', 'Origin: http://127.0.0.1:5173']],
    ['HTTP/2 authority', ['--http2-prior-knowledge']],
  ])('%s is let in', async (_, args) => {
    expect((await curl(...args, `${api.server.url}/workflows/list`)).status).toBe(200);
  });
});

describe('an address that others reach needs authentication', () => {
  const nothing = { jwtSecret: '', jwksUrl: '', hasTokens: false };
  test.each(['127.0.0.1', '::1', 'localhost', '127.1.2.3'])('%s may start without', (host) => {
    expect(() => requireAuthentication({ host, ...nothing })).not.toThrow();
  });
  test.each(['0.0.0.0', '::', '192.168.1.4', 'behest.example', '127.example.com'])(
    '%s may not',
    (host) => {
      expect(() => requireAuthentication({ host, ...nothing })).toThrow(
        'Set JWT_SECRET or JWKS_URL',
      );
      expect(() => requireAuthentication({ host, ...nothing, jwtSecret: 'x' })).not.toThrow();
      expect(() => requireAuthentication({ host, ...nothing, hasTokens: true })).not.toThrow();
    },
  );
});
