import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { openSource } from '../../src/source/open-source.ts';
import type { Source } from '../../src/source/source.ts';
import { commit, git, repository, scratch, texts } from './scratch.ts';

const signal = new AbortController().signal;
const environment = { PATH: process.env['PATH'] };

function open(location: string, options = {}): Source {
  return openSource(location, { dataDirectory: scratch(), environment, ...options });
}

async function read(source: Source): Promise<{ [path: string]: string }> {
  return texts(await source.read(await source.resolve(signal), signal));
}

describe('a git repository', () => {
  it('a branch → its files, commit, author, time and message', async () => {
    const repo = repository({ 'a.yaml': 'a', 'b/ü ☃.yaml': 'b', '.hidden': 'x' });
    const source = open(`${repo}#main`);
    const revision = await source.resolve(signal);
    const head = git(repo, 'rev-parse', 'HEAD');
    expect(revision).toMatchObject({
      id: head,
      commit: head,
      display: `main@sha1:${head.slice(0, 12)}`,
      author: 'Ada <ada@example.org>',
      message: 'Change a.yaml b/ü ☃.yaml .hidden',
    });
    expect(Math.abs(Date.now() - (revision.committedAt ?? 0))).toBeLessThan(600_000);
    expect(texts(await source.read(revision, signal))).toEqual({
      'a.yaml': 'a',
      'b/ü ☃.yaml': 'b',
    });
  });

  it('a later commit → the new files; the old revision stays readable', async () => {
    const repo = repository({ 'a.yaml': '1' });
    const source = open(`${repo}#main`);
    const old = await source.resolve(signal);
    commit(repo, { 'a.yaml': '2' });
    expect(await read(source)).toEqual({ 'a.yaml': '2' });
    expect(texts(await source.read(old, signal))).toEqual({ 'a.yaml': '1' });
  });

  it('a commit between resolve and read → the resolved files', async () => {
    const repo = repository({ 'a.yaml': '1' });
    const source = open(`${repo}#main`);
    const revision = await source.resolve(signal);
    commit(repo, { 'a.yaml': '2' });
    expect(texts(await source.read(revision, signal))).toEqual({ 'a.yaml': '1' });
  });

  it('rewritten history → followed', async () => {
    const repo = repository({ 'a.yaml': '1' });
    const first = git(repo, 'rev-parse', 'HEAD');
    commit(repo, { 'a.yaml': '2' });
    const source = open(`${repo}#main`);
    await source.resolve(signal);
    git(repo, 'reset', '-q', '--hard', first);
    expect(await read(source)).toEqual({ 'a.yaml': '1' });
    commit(repo, { 'a.yaml': '3' });
    expect(await read(source)).toEqual({ 'a.yaml': '3' });
  });

  it('tag, annotated tag, commit, full ref, no ref → each is found', async () => {
    const repo = repository({ 'a.yaml': '1' });
    const first = git(repo, 'rev-parse', 'HEAD');
    git(repo, 'tag', 'light');
    git(repo, 'tag', '-a', 'heavy', '-m', 'x');
    commit(repo, { 'a.yaml': '2' });
    for (const ref of ['light', 'heavy', first, 'refs/tags/heavy']) {
      const source = open(`${repo}#${ref}`);
      expect((await source.resolve(signal)).id).toBe(first);
      expect(await read(source)).toEqual({ 'a.yaml': '1' });
    }
    expect(await read(open(`${repo}#`))).toEqual({ 'a.yaml': '2' });
    expect(await read(open(`file://${repo}`))).toEqual({ 'a.yaml': '2' });
  });

  it('a bare repository by path → git without #', async () => {
    const repo = repository({ 'a.yaml': '1' });
    const bare = join(scratch(), 'bare.git');
    git(repo, 'clone', '-q', '--bare', repo, bare);
    const source = open(bare);
    expect(source.kind).toBe('git');
    expect(await read(source)).toEqual({ 'a.yaml': '1' });
  });

  it('a working copy by path without # → a directory', () => {
    expect(open(repository({ 'a.yaml': '1' })).kind).toBe('directory');
  });

  it('#ref:directory → only its files, relative to it', async () => {
    const repo = repository({ 'flows/a.yaml': 'a', 'flows/x/b.yaml': 'b', 'other.yaml': 'o' });
    expect(await read(open(`${repo}#main:flows/`))).toEqual({ 'a.yaml': 'a', 'x/b.yaml': 'b' });
    await expect(read(open(`${repo}#main:gone`))).rejects.toMatchObject({ code: 'missing' });
  });

  it('.behestignore → its rules count', async () => {
    const repo = repository({ '.behestignore': 'big/\n', 'a.yaml': 'a', 'big/b.bin': 'b' });
    expect(await read(open(`${repo}#main`))).toEqual({ 'a.yaml': 'a' });
  });

  it('binary and empty files → byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => i % 256);
    const repo = repository({ 'a.bin': bytes, empty: '' });
    const source = open(`${repo}#main`);
    const files = await source.read(await source.resolve(signal), signal);
    expect([...files.get('a.bin')!]).toEqual([...bytes]);
    expect(files.get('empty')!.length).toBe(0);
  });

  it('a link to a file inside → its content', async () => {
    const repo = repository({ 'real/a.yaml': 'a' });
    symlinkSync('real/a.yaml', join(repo, 'b.yaml'));
    commit(repo, {});
    expect(await read(open(`${repo}#main`))).toEqual({ 'b.yaml': 'a', 'real/a.yaml': 'a' });
  });
});

describe('what a git source refuses', () => {
  it('a deleted branch → a stalled error that names the others, not an empty revision', async () => {
    const repo = repository({ 'a.yaml': '1' });
    git(repo, 'branch', 'feature');
    const source = open(`${repo}#feature`);
    await source.resolve(signal);
    git(repo, 'branch', '-D', 'feature');
    await expect(source.resolve(signal)).rejects.toMatchObject({
      code: 'ref-not-found',
      isStalled: true,
      message: expect.stringContaining('main'),
    });
  });

  it('a repository that went away → an error that may pass', async () => {
    const repo = repository({ 'a.yaml': '1' });
    const source = open(`${repo}#main`);
    await source.resolve(signal);
    rmSync(repo, { recursive: true });
    await expect(source.resolve(signal)).rejects.toMatchObject({
      code: 'missing',
      isStalled: false,
    });
  });

  it.each(['/etc/hostname', '../../x', 'gone.yaml', 'real'])(
    'a link to %s → stalled',
    async (to) => {
      const repo = repository({ 'real/a.yaml': 'a' });
      symlinkSync(to, join(repo, 'link'));
      commit(repo, {});
      await expect(read(open(`${repo}#main`))).rejects.toMatchObject({
        code: 'symlink',
        isStalled: true,
      });
    },
  );

  it('a submodule → stalled, unless it is ignored', async () => {
    const inner = repository({ 'x.yaml': 'x' });
    const repo = repository({ 'a.yaml': 'a' });
    git(repo, 'submodule', '--quiet', 'add', inner, 'sub');
    commit(repo, {});
    const source = open(`${repo}#main`);
    await expect(read(source)).rejects.toMatchObject({ code: 'submodule', isStalled: true });
    commit(repo, { '.behestignore': 'sub\n' });
    expect(await read(source)).toEqual({ 'a.yaml': 'a' });
  });

  it('a file over the limit → stalled', async () => {
    const repo = repository({ 'a.bin': 'x'.repeat(2_000) });
    const source = open(`${repo}#main`, { limits: { fileBytes: 1_000 } });
    await expect(read(source)).rejects.toMatchObject({ code: 'limit', isStalled: true });
  });

  it.each([
    ['ext::sh -c touch% /tmp/x', 'directory'],
    ['ext://x', 'location'],
    ['http://example.org/r.git', 'location'],
    ['https://user:hunter2@example.org/r.git', 'location'],
    ['https://example.org/r.git#--upload-pack=x', 'location'],
    ['https://example.org/r.git#a..b', 'location'],
    ['https://example.org/r.git#main:../x', 'location'],
  ])('%s → %s', (location, expected) => {
    let outcome = '';
    try {
      outcome = open(location).kind;
    } catch (error) {
      expect(String(error)).not.toContain('hunter2');
      outcome = (error as { code: string }).code;
    }
    expect(outcome).toBe(expected);
  });

  it('refused credentials → stalled, and they are in no message and no argument', async () => {
    const { createServer } = await import('node:http');
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization ?? '');
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as { port: number };
      const credentials = { username: 'u', password: 'hunter2' };
      const source = open(`http://127.0.0.1:${port}/r.git#main`, { credentials });
      const error = await source.resolve(signal).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'unauthorised', isStalled: true });
      expect(String(error)).not.toMatch(/hunter2|dTpodW50ZXIy/);
      expect(seen).toContain(`Basic ${Buffer.from('u:hunter2').toString('base64')}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('a server that never answers → ends at the time limit, and at once when aborted', async () => {
    const { createServer } = await import('node:http');
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as { port: number };
      const url = `http://127.0.0.1:${port}/r.git`;
      const slow = open(url, { timeoutMs: 300 });
      await expect(slow.resolve(signal)).rejects.toMatchObject({
        code: 'timeout',
        isStalled: false,
      });
      const abort = new AbortController();
      server.once('request', () => abort.abort());
      await expect(open(url).resolve(abort.signal)).rejects.toMatchObject({ code: 'aborted' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('no git program → says what to install', async () => {
    const source = open('https://127.0.0.1:1/r.git', { environment: { PATH: '/nowhere' } });
    await expect(source.resolve(signal)).rejects.toMatchObject({ code: 'git-missing' });
  });

  it('hooks and configuration of the account → take no part', async () => {
    const repo = repository({ 'a.yaml': 'a' });
    const home = scratch();
    const data = scratch();
    git(home, 'config', '--file', join(home, '.gitconfig'), 'core.fsmonitor', 'touch broken');
    git(home, 'config', '--file', join(home, '.gitconfig'), 'fetch.prune', 'nonsense');
    const options = { dataDirectory: data, environment: { ...environment, HOME: home } };
    expect(await read(open(`${repo}#main`, options))).toEqual({ 'a.yaml': 'a' });
    expect(readdirSync(join(data, 'git'))).toHaveLength(1);
  });
});
