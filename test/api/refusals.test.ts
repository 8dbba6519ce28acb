import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer } from '../../src/api/server.ts';
import { apiOptions, callRest, startApiRig, TOKEN, type ApiRig } from './api-rig.ts';
import { curl } from './curl.ts';

let api: ApiRig;
const errors: unknown[] = [];
beforeAll(async () => {
  api = await startApiRig({
    maxBodyBytes: 10_000,
    maxUploadBytes: 50_000,
    onInternalError: (error) => errors.push(error),
  });
  await api.rig.register('strict', {
    input: {
      type: 'object',
      required: ['url'],
      additionalProperties: false,
      properties: {
        url: { type: 'string', format: 'uri' },
        tags: { type: 'array', items: { type: 'string', maxLength: 3 } },
      },
    },
    steps: [{ id: 'say', type: 'transform', config: { output: '{{ input.url }}' } }],
  });
});
afterAll(() => api?.stop());

const signedIn = ['-H', `Authorization: Bearer ${TOKEN}`];
const post = ['-X', 'POST', ...signedIn];
const json = ['-H', 'Content-Type: application/json'];
const run = '00000000-0000-7000-8000-000000000000';

describe('what cannot be answered is refused with the right status, as a problem', () => {
  const deep = `${'['.repeat(80)}${']'.repeat(80)}`;
  test.each([
    ['no such path', 404, 'not_found', ['/nothing/here']],
    ['no such run', 404, 'not_found', [`/api/v1/jobs/${run}`]],
    ['a run id that is none', 404, 'not_found', ['/api/v1/jobs/not-a-run-id']],
    ['a run id too short', 400, 'invalid_argument', ['/api/v1/jobs/abc']],
    ['no such workflow', 404, 'not_found', ['/api/v1/workflows/none']],
    ['no such source', 404, 'not_found', ['/api/v1/sources/none:suspend', ...post]],
    ['wrong verb', 405, 'method_not_allowed', ['/api/v1/jobs', '-X', 'DELETE']],
    ['wrong verb on /health', 405, 'method_not_allowed', ['/health', '-X', 'POST']],
    ['unknown query', 400, 'invalid_argument', ['/api/v1/jobs?colour=red']],
    ['page size too large', 400, 'invalid_argument', ['/api/v1/jobs?page_size=100000']],
    ['page size no number', 400, 'invalid_argument', ['/api/v1/jobs?page_size=many']],
    ['page token of somebody else', 400, 'invalid_argument', ['/api/v1/jobs?page_token=abc']],
    ['no such status', 400, 'invalid_argument', ['/api/v1/jobs?status=resting']],
    ['order that we do not know', 400, 'invalid_argument', ['/api/v1/jobs?order_by=colour']],
    ['broken label selector', 400, 'invalid_argument', ['/api/v1/jobs?label_selector=a==,']],
    ['a time that is none', 400, 'invalid_argument', ['/api/v1/jobs?created_after=yesterday']],
    ['a very long address', 414, 'uri_too_long', [`/api/v1/jobs?page_token=${'x'.repeat(9000)}`]],
    ['broken percent-encoding', 404, 'not_found', ['/api/v1/workflows/%E0%A4%A']],
    ['no JSON', 400, 'invalid_argument', ['/workflows/execute', ...post, ...json, '-d', '{"a":']],
    [
      'JSON of another shape',
      400,
      'invalid_argument',
      ['/workflows/execute', ...post, ...json, '-d', '[1]'],
    ],
    [
      'unknown field',
      400,
      'invalid_argument',
      ['/workflows/execute', ...post, ...json, '-d', '{"workflowid":"x"}'],
    ],
    [
      'field of another type',
      400,
      'invalid_argument',
      ['/workflows/execute', ...post, ...json, '-d', '{"workflow_id":7}'],
    ],
    [
      'nested too deep',
      400,
      'invalid_argument',
      ['/api/v1/workflows', ...post, ...json, '-d', deep],
    ],
    [
      'XML',
      415,
      'unsupported_media_type',
      ['/workflows/execute', ...post, '-H', 'Content-Type: text/xml', '-d', '<a/>'],
    ],
    [
      'compressed',
      415,
      'unsupported_media_type',
      ['/workflows/execute', ...post, ...json, '-H', 'Content-Encoding: gzip', '-d', 'x'],
    ],
    [
      'body too large',
      413,
      'too_large',
      ['/workflows/execute', ...post, ...json, '-d', JSON.stringify('x'.repeat(20_000))],
    ],
    [
      'upload too large',
      413,
      'too_large',
      ['/workflows/execute', ...post, '-F', 'workflow_id=strict', '-F', 'file=@package-lock.json'],
    ],
    [
      'a body where none is taken',
      400,
      'invalid_argument',
      ['/api/v1/jobs', '-X', 'GET', ...json, '-d', '{}'],
    ],
  ] as const)('%s → %i %s', async (_, status, code, [path, ...args]) => {
    const answer = await curl(...args, `${api.server.url}${path}`, '-H', 'Expect:');
    const problem = JSON.parse(answer.body);
    expect([answer.status, problem.status, problem.code]).toEqual([status, status, code]);
    expect(problem.detail.length).toBeGreaterThan(5);
    expect(answer.body).not.toMatch(/\bat .*\.(ts|js):\d+/);
  });

  test('405 says what is allowed, problems have their media type', async () => {
    const answer = await fetch(`${api.server.url}/api/v1/jobs`, { method: 'PUT' });
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('a defect of ours → "internal", and the log has the error', async () => {
    const { library } = api.rig.store;
    const listSources = library.listSources.bind(library);
    library.listSources = () => Promise.reject(new Error('password=hunter2 at secret.ts:1'));
    const answer = await api.call('GET', '/api/v1/sources');
    library.listSources = listSources;
    expect([answer.status, answer.json.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(answer.json)).not.toContain('hunter2');
    expect(errors.map(String).join()).toContain('hunter2');
  });
});

describe('input is checked before a run starts', () => {
  const path = '/api/v1/workflows/strict/execute';
  test.each([
    [{}, [['input/url', 'is required']]],
    [{ url: 'no url' }, [['input/url', 'must match format "uri"']]],
    [
      { url: 'https://a.example/', tags: ['ok', 'longer', 3], extra: 1 },
      [
        ['input/extra', 'is not expected'],
        ['input/tags/1', 'must NOT have more than 3 characters'],
        ['input/tags/2', 'must be string'],
      ],
    ],
  ])('%j', async (input, expected) => {
    const before = (await api.call('GET', '/api/v1/jobs')).json.runs.length;
    const { status, json: problem } = await api.call('POST', path, { input });
    expect(status).toBe(400);
    const found = problem.violations.map((each: Record<string, string>) => [
      each['field'],
      each['description'],
    ]);
    expect(found).toEqual(expect.arrayContaining(expected));
    expect(found).toHaveLength(expected.length);
    expect((await api.call('GET', '/api/v1/jobs')).json.runs).toHaveLength(before);
  });

  test('a manifest with mistakes is refused with all of them and their places', async () => {
    const text =
      'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: bad }\nspec:\n  steps:\n    - { id: a, type: htpt }\n    - { id: a, type: transform, config: { output: "{{ b.output }}" } }\n';
    const answer = await fetch(`${api.server.url}/api/v1/workflows`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/yaml' },
      body: text,
    });
    const problem = (await answer.json()) as {
      problems: { line: number; code: string; frame: string }[];
    };
    expect(answer.status).toBe(400);
    expect(problem.problems.length).toBeGreaterThan(1);
    expect(problem.problems[0]).toMatchObject({ line: 6, severity: 'error' });
    expect(problem.problems[0]!.frame).toContain('htpt');
  });
});

describe('idempotency', () => {
  test('the same Idempotency-Key → the same run, also in the field, also at once', async () => {
    const key = 'order-4711';
    const body = { input: { url: 'https://a.example/' } };
    const call = async (extra: object, headers: Record<string, string>): Promise<string> => {
      const answer = await fetch(`${api.server.url}/api/v1/workflows/strict/execute`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${TOKEN}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify({ ...body, ...extra }),
      });
      return ((await answer.json()) as { job_id: string }).job_id;
    };
    const ids = await Promise.all([
      call({}, { 'idempotency-key': key }),
      call({}, { 'idempotency-key': key }),
      call({ idempotency_key: key }, {}),
    ]);
    expect(new Set(ids).size).toBe(1);
    expect(await call({}, {})).not.toBe(ids[0]);
  });
});

describe('retries', () => {
  test('of a completed run need a step to go on from, which must exist', async () => {
    const id = await api.execute('strict', { url: 'https://a.example/' });
    await api.rig.status(id, 'completed');
    const plain = await api.call('POST', `/workflows/retry/${id}`);
    expect([plain.status, plain.json.detail]).toEqual([409, expect.stringContaining('from_step')]);
    const wrong = await api.call('POST', `/workflows/retry/${id}`, { from_step: 'nowhere' });
    expect([wrong.status, wrong.json.violations[0].field]).toEqual([400, 'from_step']);
    const invalid = await api.call('POST', `/workflows/retry/${id}`, {
      from_step: 'say',
      input: {},
    });
    expect([invalid.status, invalid.json.violations[0].field]).toEqual([400, 'input/url']);
    const good = await api.call('POST', `/workflows/retry/${id}`, {
      from_step: '0',
      input: { url: 'https://b.example/' },
    });
    expect(good.status).toBe(200);
    await expect
      .poll(async () => (await api.rig.run(id)).output, { timeout: 10_000 })
      .toEqual({ say: 'https://b.example/' });
  });
});

describe('the port', () => {
  test('in use already → says which and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(startApiServer(apiOptions(api.rig, { port }))).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is in use`,
    );
    other.close();
  });

  test('preface in single bytes, nonsense and silence harm nobody', async () => {
    const speak = async (...parts: string[]): Promise<string> => {
      const socket = connect(api.server.port, '127.0.0.1');
      await once(socket, 'connect');
      for (const part of parts) await new Promise((done) => socket.write(part, done));
      let heard = '';
      socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
      socket.on('error', () => undefined);
      await expect.poll(() => heard.length > 0 || socket.destroyed).toBe(true);
      socket.destroy();
      return heard;
    };
    expect(
      await speak('P', 'O', 'ST /ping HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n'),
    ).toContain('405');
    expect(await speak('G', 'ET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n')).toContain('pong');
    expect(await speak('\u0016\u0003\u0001 nonsense\r\n\r\n')).toContain('400');
    const silent = connect(api.server.port, '127.0.0.1');
    await once(silent, 'connect');
    expect((await api.call('GET', '/ping')).status).toBe(200);
    silent.destroy();
  });

  test('closing does not wait for idle connections', async () => {
    const server = await startApiServer(apiOptions(api.rig));
    const agent = new Agent({ keepAlive: true });
    const [response] = (await once(get(`${server.url}/ping`, { agent }), 'response')) as [
      IncomingMessage,
    ];
    response.resume();
    await once(response, 'end');
    const before = performance.now();
    await server.close();
    // Node gives an idle connection 5 s.
    expect(performance.now() - before).toBeLessThan(4000);
    agent.destroy();
  });

  test('closing ends open streams and frees the port', async () => {
    const server = await startApiServer(apiOptions(api.rig));
    await api.rig.register('nap', [{ id: 'nap', type: 'wait', config: { duration: '1h' } }]);
    const id = await api.execute('nap');
    const stream = await fetch(`${server.url}/jobs/${id}/stream`);
    const ended = stream.text().catch(() => 'cut');
    await server.close();
    await ended;
    await expect(fetch(`${server.url}/ping`)).rejects.toThrow();
    await callRest(api.server.url, { method: 'POST', path: `/api/v1/jobs/${id}/cancel`, body: {} });
  });
});
