import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that is gone after the test. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'behest-source-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function write(root: string, files: { readonly [path: string]: string | Uint8Array }): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

export function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, env: author, encoding: 'utf8' }).trim();
}

const author = {
  PATH: process.env['PATH'],
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'protocol.file.allow',
  GIT_CONFIG_VALUE_0: 'always',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Grace',
  GIT_COMMITTER_EMAIL: 'grace@example.org',
};

/** A repository with one commit on main. */
export function repository(files: { readonly [path: string]: string | Uint8Array }): string {
  const path = scratch();
  git(path, 'init', '-q', '-b', 'main');
  commit(path, files);
  return path;
}

/** Commits these files and gives the commit. */
export function commit(
  repo: string,
  files: { readonly [path: string]: string | Uint8Array },
): string {
  write(repo, files);
  git(repo, 'add', '-A');
  git(repo, 'commit', '-q', '--allow-empty', '-m', `Change ${Object.keys(files).join(' ')}`);
  return git(repo, 'rev-parse', 'HEAD');
}

/** The files of a source as text. */
export function texts(files: ReadonlyMap<string, Uint8Array>): { [path: string]: string } {
  return Object.fromEntries([...files].map(([path, b]) => [path, Buffer.from(b).toString('utf8')]));
}
