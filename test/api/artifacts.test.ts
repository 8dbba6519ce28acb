import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { ArtifactService } from '../../src/gen/behest/v1/artifact_service_pb.ts';
import { callRest, startApiRig, TOKEN, type ApiRig } from './api-rig.ts';

const content = 'tag,problem\nP-1,grün\n';
const size = Buffer.byteLength(content);
let api: ApiRig;
let digest: string;

beforeAll(async () => {
  api = await startApiRig();
  digest = await api.rig.store.library.putBlob(Buffer.from(content));
});
afterAll(() => api?.stop());

function get(query = '', init: RequestInit = {}, which = digest): Promise<Response> {
  return fetch(`${api.server.url}/api/v1/artifacts/${which}${query}`, init);
}

test('GET → the bytes, to be saved and never run', async () => {
  const response = await get('?name=report.csv&media_type=text/csv;%20charset=utf-8');
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(content);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-length': String(size),
    'content-disposition': `attachment; filename="report.csv"; filename*=UTF-8''report.csv`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, max-age=31536000, immutable',
    etag: `"${digest}"`,
  });
});

test.each([
  ['', `filename="`],
  ['?name=a%2Fb%5Cc.txt', `attachment; filename="c.txt"; filename*=UTF-8''c.txt`],
  [
    '?name=a%22%0d%0aX-Evil:1',
    `attachment; filename="a_X-Evil:1"; filename*=UTF-8''a%22X-Evil%3A1`,
  ],
  ['?name=gr%C3%BCn%27.csv', `attachment; filename="gr_n'.csv"; filename*=UTF-8''gr%C3%BCn%27.csv`],
])('GET with %j → attachment %s', async (query, expected) => {
  const { headers } = await get(query);
  expect(headers.get('content-disposition')).toContain(expected);
  expect(headers.get('content-type')).toBe('application/octet-stream');
  expect(headers.has('x-evil')).toBe(false);
});

test('HEAD → the headers alone', async () => {
  const response = await get('', { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe(String(size));
  expect(await response.text()).toBe('');
});

test.each([
  ['bytes=0-2', 206, 'tag', `bytes 0-2/${size}`],
  ['bytes=4-', 206, content.slice(4), `bytes 4-${size - 1}/${size}`],
  ['bytes=-1', 206, '\n', `bytes ${size - 1}-${size - 1}/${size}`],
  ['bytes=4-999', 206, content.slice(4), `bytes 4-${size - 1}/${size}`],
  ['bytes=-999', 206, content, `bytes 0-${size - 1}/${size}`],
  ['bytes=0-1,3-4', 200, content, null],
  ['bytes=5-4', 200, content, null],
  ['lines=1-2', 200, content, null],
])('Range %s → %i', async (range, status, text, contentRange) => {
  const response = await get('', { headers: { range } });
  expect(response.status).toBe(status);
  expect(await response.text()).toBe(text);
  expect(response.headers.get('content-range')).toBe(contentRange);
});

test('a range past the end → 416 with the size', async () => {
  const response = await get('', { headers: { range: 'bytes=999-' } });
  expect(response.status).toBe(416);
  expect(response.headers.get('content-range')).toBe(`bytes */${size}`);
});

test('If-Range of another content → all of it; If-None-Match of this one → 304', async () => {
  const other = await get('', { headers: { range: 'bytes=0-2', 'if-range': '"other"' } });
  expect(other.status).toBe(200);
  expect(await other.text()).toBe(content);
  const known = await get('', { headers: { 'if-none-match': `"x", W/"${digest}"` } });
  expect(known.status).toBe(304);
  expect(await known.text()).toBe('');
});

test.each([
  ['a digest that nothing has', '0'.repeat(64), '', 404],
  ['no digest', 'passwd', '', 400],
  ['a media type with a header in it', undefined, '?media_type=text/x%0d%0aX-Evil:1', 400],
  ['a media type that is none', undefined, '?media_type=text', 400],
])('%s → a problem', async (_, which, query, status) => {
  const response = await get(query, {}, which ?? digest);
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});

test('an unknown token → 401', async () => {
  const path = `/api/v1/artifacts/${digest}`;
  const answer = await callRest(api.server.url, { method: 'GET', path, token: 'wrong' });
  expect(answer.status).toBe(401);
});

test('over Connect → the same bytes', async () => {
  const transport = createConnectTransport({ baseUrl: api.server.url, httpVersion: '1.1' });
  const client = createClient(ArtifactService, transport);
  const answer = await client.getArtifact({ digest, mediaType: 'text/csv' });
  expect(Buffer.from(answer.data).toString()).toBe(content);
  expect(answer.contentType).toBe('text/csv');
});

test('upload → a code step reads it and writes a file → download', async () => {
  const config = {
    language: 'javascript',
    files: ['{{ input.file }}'],
    input: '{{ input.file.name }}',
    outputs: ['out/sorted.txt'],
    code: `const process = (name) =>
      writeFile('out/sorted.txt', readFile(name).split(',').sort().join());`,
  };
  await api.rig.register('sort', {
    steps: [{ id: 'sort', type: 'code', config }],
    output: "{{ sort.output.files['out/sorted.txt'] }}",
  });
  const form = new FormData();
  form.set('workflow_id', 'sort');
  form.set('file', new File(['b,ü,a'], 'in.csv'));
  const started = await fetch(`${api.server.url}/workflows/execute`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: form,
  });
  const { job_id: id } = (await started.json()) as { job_id: string };
  const { output } = await api.rig.status(id, 'completed');
  const reference = output as { artifact: string };
  expect(reference).toMatchObject({ name: 'sorted.txt', size: 6 });
  expect(await (await get('', {}, reference.artifact)).text()).toBe('a,b,ü');
});
