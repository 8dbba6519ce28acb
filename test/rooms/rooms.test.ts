import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { checkModule } from './check-module.ts';
import { checkTree } from './check-tree.ts';

function check(path: string, text: string, expected: RegExp | null): void {
  const problems = checkModule(path, text);
  if (expected === null) return expect(problems).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(expected);
}

describe('the rooms of src', () => {
  it('the whole tree → no violation', () => {
    const src = fileURLToPath(new URL('../../src', import.meta.url));
    expect(checkTree(src)).toEqual([]);
  });

  it('a tree with a planted violation in each place → each is found', () => {
    const src = mkdtempSync(join(tmpdir(), 'behest-rooms-'));
    try {
      mkdirSync(join(src, 'attic'));
      mkdirSync(join(src, 'engine', 'deep'), { recursive: true });
      writeFileSync(join(src, 'attic', 'x.ts'), 'export {};');
      writeFileSync(join(src, 'stray.ts'), 'export {};');
      writeFileSync(join(src, 'engine', 'deep', 'x.ts'), 'export const now = Date.now();');
      expect(checkTree(src).map((line) => line.split(':')[0])).toEqual([
        'src/attic/x.ts',
        'src/engine/deep/x.ts',
        'src/stray.ts',
      ]);
    } finally {
      rmSync(src, { recursive: true });
    }
  });
});

describe('a canary for each rule', () => {
  it.each([
    [
      'a room it may not know',
      'engine/x.ts',
      `import { a } from '../store/a.ts';`,
      /may not import/,
    ],
    [
      'the same, deeper',
      'runner/a/x.ts',
      `import { a } from '../../store/a.ts';`,
      /may not import/,
    ],
    [
      'the same, exported on',
      'runner/x.ts',
      `export { a } from '../graph/a.ts';`,
      /may not import/,
    ],
    ['the same, all of it', 'runner/x.ts', `export * from '../graph/a.ts';`, /may not import/],
    ['the same, lazily', 'cli/x.ts', `await import('../store/a.ts');`, /may not import/],
    ['the same, as a type', 'cli/x.ts', `export type A = import('../store/a.ts').A;`, /may not/],
    [
      'a value where types are allowed',
      'bus/x.ts',
      `import { a } from '../engine/a.ts';`,
      /only types/,
    ],
    [
      'a value beside a type',
      'bus/x.ts',
      `import { type B, a } from '../engine/a.ts';`,
      /only types/,
    ],
    [
      'another file of a room',
      'store/x.ts',
      `import type { A } from '../api/a.ts';`,
      /may not import/,
    ],
    ['main', 'api/x.ts', `import { a } from '../main/a.ts';`, /nobody imports main/],
    ['outside src', 'api/x.ts', `import { a } from '../../test/a.ts';`, /outside src/],
    [
      'a package of another room',
      'api/x.ts',
      `import postgres from 'postgres';`,
      /package postgres/,
    ],
    [
      'NATS outside bus',
      'runner/x.ts',
      `import { a } from '@nats-io/jetstream';`,
      /@nats-io\/jetstream/,
    ],
    ['a test package in code', 'api/x.ts', `import { it } from 'vitest';`, /package vitest/],
    [
      'Node in a pure room',
      'engine/x.ts',
      `import { a } from 'node:fs';`,
      /may not import node:fs/,
    ],
    ['the clock', 'engine/x.ts', `export const a = Date.now();`, /Date.now/],
    ['the clock by new', 'engine/x.ts', `export const a = new Date();`, /new Date/],
    ['chance', 'graph/x.ts', `export const a = Math.random();`, /Math.random/],
    ['the console', 'expr/x.ts', `console.log(1);`, /console/],
    ['the process', 'task/x.ts', `process.exit(1);`, /process/],
    ['a timer', 'manifest/x.ts', `setTimeout(() => 1, 1);`, /setTimeout/],
    ['async', 'engine/x.ts', `export async function a() {}`, /async/],
    ['await', 'engine/x.ts', `await 1;`, /await/],
    ['a promise', 'engine/x.ts', `export const a = Promise.resolve(1);`, /Promise/],
    ['a promise type', 'engine/x.ts', `export type A = Promise<number>;`, /Promise/],
    ['the environment', 'api/x.ts', `export const a = process.env['A'];`, /only main reads/],
    [
      'SQL',
      'api/x.ts',
      'export const a = `select id from runs where id = ${1}`;',
      /SQL outside store/,
    ],
    [
      'SQL as a string',
      'bus/x.ts',
      `export const a = 'insert into runs values (1)';`,
      /SQL outside/,
    ],
    ['an unknown room', 'attic/x.ts', `export {};`, /unknown room attic/],
    ['a file in no room', 'x.ts', `export {};`, /directly in src/],
  ])('%s → refused', (_, path, text, expected) => check(path, text, expected));

  it.each([
    ['its own room', 'engine/a/x.ts', `import { a } from '../b.ts';`],
    ['a room below', 'engine/x.ts', `import { a } from '../graph/a.ts';`],
    ['types where types are allowed', 'bus/x.ts', `import type { A } from '../engine/a.ts';`],
    ['what travels', 'bus/x.ts', `import { taskId } from '../task/task.ts';`],
    ['a port', 'store/x.ts', `import type { Ledger } from '../controller/ports.ts';`],
    ['a sub-path of a package', 'cli/x.ts', `import { a } from '@connectrpc/connect/protocol';`],
    [
      'a property named like a global',
      'engine/x.ts',
      `export const a = (s: S) => s.process.console;`,
    ],
    ['a key named like a global', 'engine/x.ts', `export const a = { process: 1 };`],
    ['a date from an argument', 'engine/x.ts', `export const a = (t: number) => new Date(t);`],
    ['SQL in store', 'store/x.ts', 'export const a = `select id from runs`;'],
    [
      'prose that starts like SQL',
      'api/x.ts',
      `export const a = 'select a workflow, then run it';`,
    ],
    ['the environment in main', 'main/x.ts', `export const a = process.env['A'];`],
    ['test packages in a test', 'engine/x.test.ts', `import { it } from 'vitest'; await 1;`],
  ])('%s → allowed', (_, path, text) => check(path, text, null));
});
