import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';

import { openSource } from '../../src/source/open-source.ts';
import type { Source } from '../../src/source/source.ts';
import { scratch, texts, write } from './scratch.ts';

const signal = new AbortController().signal;
const open = (path: string): Source => openSource(path, { dataDirectory: '/nowhere' });

/** A source that is watched and was looked at once, however that ended. */
async function watched(path: string): Promise<{ source: Source; calls: () => number }> {
  const source = open(path);
  const onChange = vi.fn<() => void>();
  const watch = source.watch(onChange);
  onTestFinished(() => watch.stop());
  await source.resolve(signal).catch(() => undefined);
  return { source, calls: () => onChange.mock.calls.length };
}

/** Waits for calls until a look at what they told of sees what a new source sees; none is refused. */
async function expectTold({ source, calls }: Awaited<ReturnType<typeof watched>>): Promise<void> {
  let heard = calls();
  const refused: unknown[] = [];
  const refuse = (error: unknown): never => {
    refused.push(error);
    throw error;
  };
  await vi.waitFor(
    async () => {
      if (heard === 0) heard = calls();
      expect(heard, 'calls of the watch').toBeGreaterThan(0);
      const told = await source.resolve(signal, 'told').catch(refuse);
      const files = texts(await source.read(told, signal));
      const fresh = open(source.location);
      const now = await fresh.resolve(signal);
      expect(files).toEqual(texts(await fresh.read(now, signal)));
      expect(told.id).toBe(now.id);
    },
    { timeout: 15_000, interval: 50 },
  );
  expect(refused).toEqual([]);
}

const before = { 'a.yaml': 'a', 'b/c.yaml': 'c', 'b/d/e.yaml': 'e', 'z.yaml': 'z' };

it.each<[situation: string, change: (root: string) => void]>([
  ['a file changed', (root) => write(root, { 'b/c.yaml': 'other' })],
  ['two files changed', (root) => write(root, { 'b/c.yaml': 'other', 'z.yaml': 'other' })],
  ['a file added', (root) => write(root, { 'b/aa.yaml': 'new' })],
  ['a file removed', (root) => unlinkSync(join(root, 'b/c.yaml'))],
  ['a file renamed', (root) => renameSync(join(root, 'a.yaml'), join(root, 'b/x.yaml'))],
  [
    'a file replaced, as editors do',
    (root) => {
      write(root, { '.a.yaml.swp': 'other' });
      renameSync(join(root, '.a.yaml.swp'), join(root, 'a.yaml'));
    },
  ],
  ['a folder added with a file', (root) => write(root, { 'new/deep/f.yaml': 'f' })],
  ['a folder removed', (root) => rmSync(join(root, 'b'), { recursive: true })],
  ['a folder renamed', (root) => renameSync(join(root, 'b'), join(root, 'bb'))],
  [
    'a folder made anew',
    (root) => {
      rmSync(join(root, 'b'), { recursive: true });
      write(root, { 'b/c.yaml': 'again' });
    },
  ],
  [
    'a file where a folder was',
    (root) => {
      rmSync(join(root, 'b'), { recursive: true });
      write(root, { b: 'file' });
    },
  ],
  [
    'a folder moved away, a file in its place',
    (root) => {
      renameSync(join(root, 'b'), join(scratch(), 'b'));
      write(root, { b: 'file' });
    },
  ],
  ['the rules of .behestignore changed', (root) => write(root, { '.behestignore': 'b/\n' })],
  ['a link to a file added', (root) => symlinkSync('a.yaml', join(root, 'link.yaml'))],
  [
    'a thousand files added',
    (root) => {
      const many = Array.from({ length: 1000 }, (_, n) => [`many/${n}.yaml`, String(n)]);
      write(root, Object.fromEntries(many));
    },
  ],
])('%s → told, and seen by a look at what was told', async (_, change) => {
  const root = scratch();
  write(root, before);
  const source = await watched(root);
  change(root);
  await expectTold(source);
});

it('a folder that came later → its files are watched too', async () => {
  const root = scratch();
  write(root, before);
  const source = await watched(root);
  write(root, { 'later/f.yaml': '1' });
  await expectTold(source);
  const calls = source.calls();
  write(root, { 'later/f.yaml': '2' });
  await vi.waitFor(() => expect(source.calls()).toBeGreaterThan(calls), { timeout: 15_000 });
  await expectTold(source);
});

it('the target of a link changed → seen under both names', async () => {
  const root = scratch();
  write(root, before);
  symlinkSync('b/c.yaml', join(root, 'link.yaml'));
  symlinkSync('b', join(root, 'linked'));
  const source = await watched(root);
  write(root, { 'b/c.yaml': 'other' });
  await expectTold(source);
});

it('a directory that is not there yet, nor what it is in → told when it appears', async () => {
  const root = join(scratch(), 'not/yet');
  const source = await watched(root);
  mkdirSync(root, { recursive: true });
  write(root, before);
  await expectTold(source);
});

it('the directory exchanged for another → the other is seen, and watched', async () => {
  const parent = scratch();
  write(parent, { 'root/a.yaml': 'old', 'next/a.yaml': 'new' });
  const source = await watched(join(parent, 'root'));
  renameSync(join(parent, 'root'), join(parent, 'past'));
  renameSync(join(parent, 'next'), join(parent, 'root'));
  await expectTold(source);
  const calls = source.calls();
  write(parent, { 'root/a.yaml': 'newer' });
  await vi.waitFor(() => expect(source.calls()).toBeGreaterThan(calls), { timeout: 15_000 });
  await expectTold(source);
});

it('what is hidden, ignored or a neighbour changes → nobody is called', async () => {
  const parent = scratch();
  const root = join(parent, 'root');
  write(root, { ...before, '.behestignore': '*.log\n', 'x.log': '', 'node_modules/p': '' });
  write(parent, { 'other/a.yaml': 'a' });
  const source = await watched(root);
  const other = await watched(join(parent, 'other'));
  write(root, { 'x.log': '1', '.hidden': '1', 'node_modules/p': '1' });
  write(parent, { neighbour: '1', 'other/a.yaml': 'b' });
  // The system tells of changes in their order, so a call for an earlier one would have come first.
  await vi.waitFor(() => expect(other.calls()).toBeGreaterThan(0), { timeout: 15_000 });
  expect(source.calls()).toBe(0);
});

it('the watch stops during a look → nothing is watched afterwards', async () => {
  const parent = scratch();
  const root = join(parent, 'root');
  write(root, before);
  write(parent, { 'other/a.yaml': 'a' });
  const source = open(root);
  const onChange = vi.fn<() => void>();
  const watch = source.watch(onChange);
  const look = source.resolve(signal);
  await watch.stop();
  await look;
  const other = await watched(join(parent, 'other'));
  write(root, { 'a.yaml': 'other' });
  write(parent, { 'other/a.yaml': 'b' });
  // As above: a call for the earlier change would have come first.
  await vi.waitFor(() => expect(other.calls()).toBeGreaterThan(0), { timeout: 15_000 });
  expect(onChange).not.toHaveBeenCalled();
});

it('nothing was told → a look at what was told keeps the revision, a full look finds the change', async () => {
  const root = scratch();
  write(root, before);
  const source = open(root);
  await source.watch(() => undefined).stop();
  const first = await source.resolve(signal);
  await source.resolve(signal, 'told');
  write(root, { 'a.yaml': 'missed' });
  expect((await source.resolve(signal, 'told')).id).toBe(first.id);
  expect((await source.resolve(signal)).id).not.toBe(first.id);
});

it('a look that was given up → the next one looks at everything', async () => {
  const root = scratch();
  write(root, before);
  const source = open(root);
  await source.watch(() => undefined).stop();
  const first = await source.resolve(signal);
  await expect(source.resolve(AbortSignal.abort(), 'told')).rejects.toThrow('given up');
  write(root, { 'a.yaml': 'missed' });
  expect((await source.resolve(signal, 'told')).id).not.toBe(first.id);
});
