import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../expr/json.ts';
import { digestOf } from '../artifact-reference.ts';
import type { HardError } from '../errors.ts';
import { testContext } from '../test-context.ts';
import { executeArtifact } from './execute.ts';

async function failure(config: Json, blobs: readonly (string | Uint8Array)[] = []) {
  return executeArtifact(testContext({ blobs }), config).then(
    () => undefined,
    (error: HardError) => error,
  );
}

test.each<[string, JsonObject, string, string]>([
  ['text', { name: 'a.txt', content: 'grün' }, 'grün', 'text/plain; charset=utf-8'],
  ['a list', { name: 'a.JSON', content: [1] }, '[\n  1\n]\n', 'application/json'],
  ['null', { name: 'a', content: null }, 'null\n', 'application/octet-stream'],
  [
    'base64',
    { name: 'a.bin', content: 'aGk=\n', encoding: 'base64' },
    'hi',
    'application/octet-stream',
  ],
  [
    'a media type of its own',
    { name: 'a', content: '', mediaType: 'text/x; q="1"' },
    '',
    'text/x; q="1"',
  ],
])('store %s → the reference to it', async (_, store, content, mediaType) => {
  const context = testContext();
  const bytes = Buffer.from(content);
  const artifact = digestOf(bytes);
  expect(await executeArtifact(context, { store })).toEqual({
    artifact,
    name: store['name'],
    size: bytes.length,
    media_type: mediaType,
  });
  expect(Buffer.from(context.blobs.get(artifact)!)).toEqual(bytes);
});

test.each<[string, string | Uint8Array, string | undefined, Json]>([
  ['text by default', 'é', undefined, 'é'],
  ['json', '{"a":[1]}', 'json', { a: [1] }],
  ['base64', new Uint8Array([0, 255]), 'base64', 'AP8='],
])('fetch %s → the content', async (_, content, as, expected) => {
  const fetch = { artifact: digestOf(Buffer.from(content)), name: 'a' };
  const config = as === undefined ? { fetch } : { fetch, as };
  expect(await executeArtifact(testContext({ blobs: [content] }), config)).toEqual(expected);
});

const bytes = new Uint8Array([255, 254]);
const broken = { artifact: digestOf(bytes), name: 'b.bin' };

test.each<[string, Json, string, RegExp]>([
  ['a name with folders', { store: { name: 'a/b', content: '' } }, 'invalid_input', /"a\/b"/],
  ['a name of dots', { store: { name: '..', content: '' } }, 'invalid_input', /"\.\."/],
  [
    'a media type with a header in it',
    { store: { name: 'a', content: '', mediaType: 'text/x\r\nset-cookie: a' } },
    'invalid_input',
    /mediaType/,
  ],
  [
    'no base64',
    { store: { name: 'a', content: '§', encoding: 'base64' } },
    'invalid_input',
    /base64/,
  ],
  [
    'base64 that is cut short',
    { store: { name: 'a', content: 'aaaaa', encoding: 'base64' } },
    'invalid_input',
    /base64/,
  ],
  ['neither', {}, 'invalid_input', /store/],
  [
    'an artifact that is not there',
    { fetch: { artifact: '0'.repeat(64), name: 'a' } },
    'invalid_input',
    /does not exist/,
  ],
  ['bytes as text', { fetch: broken }, 'malformed_output', /b\.bin.*base64/],
  ['bytes as JSON', { fetch: broken, as: 'json' }, 'malformed_output', /b\.bin/],
  ['more than maxBytes', { fetch: broken, maxBytes: 1 }, 'limit', /2 bytes.*maxBytes/],
])('%s → hard %s', async (_, config, code, message) => {
  const error = await failure(config, [bytes]);
  expect(error).toMatchObject({ class: 'hard', code });
  expect(error!.message).toMatch(message);
});

test('text that is no JSON, as JSON → hard malformed_output that names it', async () => {
  const fetch = { artifact: digestOf(Buffer.from('{')), name: 'c.json' };
  const error = await failure({ fetch, as: 'json' }, ['{']);
  expect(error).toMatchObject({ class: 'hard', code: 'malformed_output' });
  expect(error!.message).toContain('c.json');
});
