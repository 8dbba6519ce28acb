import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { scratch, write } from '../source/scratch.ts';

function run(repository: string, program: string): unknown {
  const out = execFileSync(process.execPath, [join(repository, program)], { encoding: 'utf8' });
  return JSON.parse(out);
}

function bundleIn(repository: string): Promise<void> {
  const entries = { main: join(repository, 'src/main.ts') };
  return bundle({ repository, entries, folder: join(repository, 'dist'), sources: ['src'] });
}

const WHERE = `
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
export class Found extends Error {}
export const where = {
  url: import.meta.url,
  dirname: import.meta.dirname,
  filename: import.meta.filename,
  beside: readFileSync(new URL('./beside.txt', import.meta.url), 'utf8'),
  package: createRequire(import.meta.url).resolve('beside-us'),
  words: 'import.meta.url',
};
export const names = [new Found().constructor.name, (() => new Found().stack?.split('\\n')[0])()];
`;

const PROGRAM = {
  'package.json': '{ "type": "module" }',
  'node_modules/beside-us/package.json': '{ "name": "beside-us", "main": "main.js" }',
  'node_modules/beside-us/main.js': '',
  'src/main.ts': `
import { names, where } from './a b/deep/where.ts';
import { texts } from './texts.ts';
class Found {}
const { where: lazy } = await import('./lazy/where.ts');
console.log(JSON.stringify({ where, lazy, names, own: Found.name, texts, at: import.meta.url }));
`,
  'src/a b/deep/where.ts': WHERE,
  'src/a b/deep/beside.txt': 'deep',
  'src/lazy/where.ts': WHERE,
  'src/lazy/beside.txt': 'lazy',
  'src/texts.ts': String.raw`
export const texts = [
  'a → b', "😀", ${'`${1}…`'}, 'a\\→b', 'a\→b', 'a→b'.replace(/[→]/, '-'), 'a→b'.replace(/\→/, '-'),
  '😀!'.replace(/[\u{1f600}-😂]/u, '-'), 'é', ${'((t) => t.join())`x→${1}y`'},
];
`,
};

test('a program → says the same from its bundle, wherever that has been moved to', async () => {
  const [made, moved] = [join(scratch(), 'made'), join(scratch(), 'moved')];
  write(made, PROGRAM);
  await bundleIn(made);
  renameSync(made, moved);
  const fromSources = run(moved, 'src/main.ts') as { where: object; names: string[] };
  const { at, ...fromBundle } = run(moved, 'dist/main.js') as { at: string };
  expect({ at, ...fromBundle }).toEqual(fromSources);
  expect(at).toMatch(/moved\/src\/main\.ts$/);
  expect(fromSources.names).toEqual(['Found', 'Error']);
  const files = readdirSync(join(moved, 'dist')).filter((name) => name.endsWith('.js'));
  const texts = files.map((name) => readFileSync(join(moved, 'dist', name), 'utf8'));
  expect(files.length).toBeGreaterThan(1);
  expect(texts.filter((text) => /[^\u0000-\u00ff]/.test(text))).toEqual([]);
});

test.each([
  ['a file that is not there', `import './nowhere.ts';`, /nowhere/],
  ['a package that is not there', `import 'nothing-of-the-kind';`, /nothing-of-the-kind/],
  ['a name that is not exported', `import { b } from './a.ts'; console.log(b);`, /"b" is not exp/],
  ['a place that a bundle has not', `console.log(__dirname);`, /__dirname.*Remedy/],
  ['what only a source can ask', `import.meta.resolve('./a.ts');`, /import\.meta\.resolve.*Remedy/],
])('%s → no bundle, and the one that was there stays', async (_, text, expected) => {
  const repository = scratch();
  write(repository, {
    'src/a.ts': 'export const a = 1;',
    'src/main.ts': text,
    'dist/main.js': 'console.log(1);',
  });
  await expect(bundleIn(repository)).rejects.toThrow(expected);
  expect(readdirSync(repository).toSorted()).toEqual(['dist', 'src']);
  expect(run(repository, 'dist/main.js')).toBe(1);
});
