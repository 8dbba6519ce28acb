import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { nodeTypes } from '../../nodes/registry.ts';
import { publishSchemas } from './publish.ts';

const schemas = publishSchemas(nodeTypes);

test.each([...schemas.keys()])(
  'schemas/%s is fresh (else: npm run generate:schemas)',
  async (name) => {
    const committed = await readFile(new URL(`../../../schemas/${name}`, import.meta.url), 'utf8');
    expect(JSON.parse(committed)).toEqual(schemas.get(name));
  },
);

test('an editor that knows only the published schemas accepts good manifests and refuses bad ones', () => {
  const ajv = new Ajv2020({ strict: false });
  ajvFormats.default(ajv);
  for (const [name, schema] of schemas) ajv.addSchema(schema, `https://x.test/${name}`);
  const validate = ajv.getSchema('https://x.test/behest.dev-v1.json');
  const manifest = (kind: string, spec: unknown) => ({
    apiVersion: 'behest.dev/v1',
    kind,
    metadata: { name: 'x' },
    spec,
  });
  const steps = (step: object) => manifest('Workflow', { steps: [{ id: 'a', ...step }] });
  expect(validate?.(steps({ type: 'http', config: { url: 'x' } }))).toBe(true);
  expect(validate?.(steps({ type: 'http', config: { urll: 'x' } }))).toBe(false);
  expect(validate?.(steps({ type: 'http' }))).toBe(false);
  expect(validate?.(steps({ type: 'htp' }))).toBe(false);
  expect(validate?.(manifest('Run', { workflow: 'w' }))).toBe(true);
  expect(validate?.(manifest('Run', {}))).toBe(false);
  expect(validate?.(manifest('Rum', {}))).toBe(false);
});
