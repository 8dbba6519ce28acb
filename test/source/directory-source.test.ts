import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { openSource } from '../../src/source/open-source.ts';
import { scratch, texts, write } from './scratch.ts';

const signal = new AbortController().signal;

function open(path: string, limits = {}) {
  return openSource(path, { dataDirectory: '/nowhere', limits });
}

async function read(path: string): Promise<{ [path: string]: string }> {
  const source = open(path);
  return texts(await source.read(await source.resolve(signal), signal));
}

function expectError(path: string, code: string, isStalled: boolean, limits = {}) {
  return expect(open(path, limits).resolve(signal)).rejects.toMatchObject({ code, isStalled });
}

describe('a directory', () => {
  it('files in folders → sorted, hidden ones and node_modules left out', async () => {
    const root = scratch();
    write(root, {
      'b/flow.yaml': 'b',
      'a.yaml': 'a',
      'Ünïcode ☃.yaml': 'u',
      '.git/config': 'x',
      'b/.hidden': 'x',
      'node_modules/p/index.js': 'x',
    });
    expect(await read(root)).toEqual({ 'a.yaml': 'a', 'b/flow.yaml': 'b', 'Ünïcode ☃.yaml': 'u' });
  });

  it('.behestignore → its rules count, as in git', async () => {
    const root = scratch();
    write(root, { '.behestignore': '*.mp4\nout/\n!keep.mp4\n', 'a.mp4': '', 'keep.mp4': '' });
    write(root, { 'out/x': '', 'deep/out/y': '', 'b/out.yaml': '' });
    expect(Object.keys(await read(root))).toEqual(['b/out.yaml', 'keep.mp4']);
  });

  it('same files → same revision; changed, renamed or removed → another', async () => {
    const root = scratch();
    write(root, { 'a.yaml': '1', 'b.yaml': '2' });
    const source = open(root);
    const first = await source.resolve(signal);
    utimesSync(join(root, 'a.yaml'), new Date(), new Date());
    expect((await source.resolve(signal)).id).toBe(first.id);
    expect((await open(root).resolve(signal)).id).toBe(first.id);
    write(root, { 'a.yaml': '9' });
    const second = await source.resolve(signal);
    expect(second.id).not.toBe(first.id);
    renameSync(join(root, 'a.yaml'), join(root, 'c.yaml'));
    const third = await source.resolve(signal);
    expect(third.id).not.toBe(second.id);
    rmSync(join(root, 'c.yaml'));
    const fourth = await source.resolve(signal);
    expect(texts(await source.read(fourth, signal))).toEqual({ 'b.yaml': '2' });
  });

  it('same size and time but other content → another revision', async () => {
    const root = scratch();
    write(root, { 'a.yaml': 'one' });
    const source = open(root);
    const long = new Date('2020-01-01');
    utimesSync(join(root, 'a.yaml'), long, long);
    const first = await source.resolve(signal);
    write(root, { 'a.yaml': 'two' });
    utimesSync(join(root, 'a.yaml'), long, long);
    expect((await source.resolve(signal)).id).not.toBe(first.id);
  });

  it('changed between resolve and read → the resolved files; an older revision → an error', async () => {
    const root = scratch();
    write(root, { 'a.yaml': 'old' });
    const source = open(root);
    const old = await source.resolve(signal);
    write(root, { 'a.yaml': 'new' });
    expect(texts(await source.read(old, signal))).toEqual({ 'a.yaml': 'old' });
    await source.resolve(signal);
    await expect(source.read(old, signal)).rejects.toMatchObject({ code: 'unsettled' });
  });

  it('a file still being written → waits for its end', async () => {
    const root = scratch();
    write(root, { 'a.yaml': '' });
    let writes = 0;
    const writer = setInterval(() => {
      appendFileSync(join(root, 'a.yaml'), 'x');
      writes += 1;
      if (writes === 12) clearInterval(writer);
    }, 15);
    onTestFinished(() => clearInterval(writer));
    expect(await read(root)).toEqual({ 'a.yaml': 'x'.repeat(12) });
  });

  it('empty → a revision without files', async () => {
    expect(await read(scratch())).toEqual({});
  });

  it('missing → an error that may pass, never empty', () =>
    expectError(join(scratch(), 'gone'), 'missing', false));

  it('a file in its place → a stalled error', () => {
    const root = scratch();
    write(root, { 'a.yaml': '' });
    return expectError(join(root, 'a.yaml'), 'location', true);
  });

  it.each([
    ['more files than allowed', { files: 1 }],
    ['a file over its limit', { fileBytes: 3 }],
    ['more bytes in all', { totalBytes: 7 }],
  ])('%s → a stalled error', (_, limits) => {
    const root = scratch();
    write(root, { 'a.yaml': '1234', 'b.yaml': '1234' });
    return expectError(root, 'limit', true, limits);
  });

  it('aborted → an error that may pass', async () => {
    const source = open(scratch());
    await expect(source.resolve(AbortSignal.abort())).rejects.toMatchObject({ isStalled: false });
  });
});

describe('symbolic links', () => {
  it('to a file and a directory inside → read', async () => {
    const root = scratch();
    write(root, { 'real/a.yaml': 'a' });
    symlinkSync('real/a.yaml', join(root, 'b.yaml'));
    symlinkSync('real', join(root, 'linked'));
    const expected = { 'b.yaml': 'a', 'linked/a.yaml': 'a', 'real/a.yaml': 'a' };
    expect(await read(root)).toEqual(expected);
  });

  it.each([
    ['out of the source', '/etc/hostname'],
    ['out by dots', '../..'],
    ['in a circle', '.'],
    ['to itself', 'link'],
    ['to nothing', 'gone.yaml'],
  ])('%s → a stalled error', (_, target) => {
    const root = scratch();
    mkdirSync(join(root, 'deep'));
    symlinkSync(target, join(root, 'deep', 'link'));
    return expectError(root, 'symlink', true);
  });

  it('a neighbour whose name starts like the source → refused', async () => {
    const parent = scratch();
    write(parent, { 'flows/a.yaml': '', 'flows-secret/key': 'k' });
    symlinkSync('../flows-secret/key', join(parent, 'flows', 'link'));
    await expectError(join(parent, 'flows'), 'symlink', true);
  });
});

describe('watching a directory', () => {
  it('added, changed and removed files → a call for each burst', async () => {
    const root = scratch();
    write(root, { 'a.yaml': '1' });
    const onChange = vi.fn<() => void>();
    const watch = open(root).watch(onChange);
    onTestFinished(() => watch.stop());
    // Until the watcher is up its events do not come, so the change is repeated.
    let i = 0;
    await vi.waitFor(
      () => {
        write(root, { 'a.yaml': String((i += 1)) });
        expect(onChange).toHaveBeenCalled();
      },
      { timeout: 15_000, interval: 200 },
    );
    onChange.mockClear();
    rmSync(join(root, 'a.yaml'));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), { timeout: 15_000 });
  });
});

it('a file is touched, not changed → the same array again', async () => {
  const root = scratch();
  write(root, { 'a.yaml': 'a', 'b.yaml': 'b' });
  const source = open(root);
  const first = await source.read(await source.resolve(signal), signal);
  utimesSync(join(root, 'a.yaml'), 1, 1);
  write(root, { 'b.yaml': 'c' });
  const second = await source.read(await source.resolve(signal), signal);
  expect(second.get('a.yaml')).toBe(first.get('a.yaml'));
  expect(second.get('b.yaml')).not.toBe(first.get('b.yaml'));
});
