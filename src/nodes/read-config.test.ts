import { expect, test } from 'vitest';
import type { Json } from '../expr/json.ts';
import { configObject, orTemplate } from './config-schema.ts';
import { HardError } from './errors.ts';
import { configReader, filePath } from './read-config.ts';

const read = configReader<unknown>({
  type: 'test',
  schema: configObject({
    count: orTemplate({ type: 'integer', minimum: 1, default: 3 }),
    nested: { type: 'object', default: {}, properties: { flag: { default: true } } },
    file: { type: 'string' },
    files: { type: 'array', items: { type: 'string' }, default: [] },
  }),
  fileKeys: ['file', 'files'],
});

test('missing fields → defaults, the given config untouched', () => {
  const config = {};
  expect(read(config)).toEqual({ count: 3, nested: { flag: true }, files: [] });
  expect(config).toEqual({});
});

test('file references, one and many → accepted', () => {
  const config = { file: { $file: 'a' }, files: [{ $file: 'b' }, 'c'] };
  expect(read(config)).toMatchObject(config);
  expect([filePath({ $file: 'a' }), filePath('b')]).toEqual(['a', 'b']);
});

test.each<[Json, string]>([
  [{ count: '{{ still a template }}' }, 'count must be integer'],
  [{ count: 0 }, 'count must be >= 1'],
  [{ other: 1 }, 'config must NOT have additional properties'],
  [{ files: [1] }, 'files.0'],
])('%j → hard invalid_input naming the field', (config, expected) => {
  const attempt = (): unknown => read(config);
  expect(attempt).toThrow(HardError);
  expect(attempt).toThrow(expected);
});
