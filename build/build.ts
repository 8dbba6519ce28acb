// Makes the bundle that `bin/behest.mjs` starts: `npm run build`, and part of `npm ci`.
import { join } from 'node:path';
import { bundle } from './bundle.ts';

const repository = join(import.meta.dirname, '..');
const began = performance.now();
try {
  await bundle({
    repository,
    entries: { behest: join(repository, 'src/main/behest.ts') },
    folder: join(repository, 'dist'),
  });
  console.log(`dist is built, after ${(performance.now() - began).toFixed(0)} ms`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(
    '\nbehest: dist could not be built. Behest runs all the same, from src, only slower.',
  );
  process.exitCode = 1;
}
