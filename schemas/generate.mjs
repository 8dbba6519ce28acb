// Writes the published JSON Schemas: `npm run generate:schemas`. A test fails when they are stale.
import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { publishSchemas } from '../src/manifest/schema/publish.ts';
import { nodeTypes } from '../src/nodes/registry.ts';

for (const [name, schema] of publishSchemas(nodeTypes)) {
  const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 100 });
  await writeFile(new URL(name, import.meta.url), text);
}
