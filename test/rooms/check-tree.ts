import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { checkModule } from './check-module.ts';

/** Checks every module under a `src` folder; generated code is checked by its generator. */
export function checkTree(src: string): string[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mts|mjs|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(src.length + 1))
    .filter((path) => !path.startsWith('gen/'))
    .toSorted()
    .flatMap((path) => checkModule(path, readFileSync(join(src, path), 'utf8')));
}
