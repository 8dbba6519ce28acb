import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { GitLocation } from './git-location.ts';
import { type TreeEntry, parseBatch, parseTree } from './git-tree.ts';
import type { GitSourceOptions } from './git-source.ts';
import { runGit } from './run-git.ts';
import { SourceError } from './source-error.ts';

export interface RemoteRef {
  /** For people: the branch or tag, or the commit itself. */
  readonly name: string;
  /** What to ask the remote for. */
  readonly wanted: string;
  readonly commit: string;
}

export interface CommitFacts {
  readonly author: string;
  readonly committedAt: number;
  readonly message: string;
}

/** A bare repository in the data directory that holds what was fetched of one location. */
export class GitMirror {
  readonly #location: GitLocation;
  readonly #options: GitSourceOptions;
  readonly #directory: string;
  readonly #configFile: string;
  #isReady = false;

  constructor(location: GitLocation, options: GitSourceOptions) {
    const name = createHash('sha256').update(location.url).digest('hex').slice(0, 16);
    this.#location = location;
    this.#options = options;
    this.#directory = resolve(options.dataDirectory, 'git', `${name}.git`);
    this.#configFile = join(this.#directory, 'behest.gitconfig');
  }

  /** Asks the remote what the ref stands for now; a commit is taken at its word. */
  async findRemote(ref: string, signal: AbortSignal): Promise<RemoteRef> {
    if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return { name: ref, wanted: ref, commit: ref };
    await this.#prepare(signal);
    const output = await this.#git(['ls-remote', '--symref', '--', this.#location.url], signal);
    const { refs, head } = parseRemote(output.toString('utf8'));
    for (const wanted of ref === '' ? [head] : [`refs/heads/${ref}`, `refs/tags/${ref}`, ref]) {
      // `^{}` is the commit that an annotated tag points at.
      const commit = refs.get(`${wanted}^{}`) ?? refs.get(wanted);
      if (commit !== undefined)
        return { name: wanted.replace(/^refs\/(heads|tags)\//, ''), wanted, commit };
    }
    throw this.#noSuchRef(ref, [...refs.keys()]);
  }

  /** Brings the commit here unless it is; gives the commit, newer if the ref moved meanwhile. */
  async fetch(remote: RemoteRef, signal: AbortSignal): Promise<string> {
    await this.#prepare(signal);
    if (await this.#has(remote.commit, signal)) return remote.commit;
    // Named for what was asked, so that two refs of one repository do not share a place.
    const place = `refs/behest/${createHash('sha256').update(remote.wanted).digest('hex').slice(0, 16)}`;
    const refspec = `+${remote.wanted}:${place}`;
    const flags = [
      '--quiet',
      '--depth=1',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
    ];
    await this.#git(['fetch', ...flags, '--', this.#location.url, refspec], signal);
    const fetched = await this.#git(['rev-parse', '--verify', `${place}^{commit}`], signal);
    return fetched.toString('utf8').trim();
  }

  async describeCommit(commit: string, signal: AbortSignal): Promise<CommitFacts> {
    const format = '--format=%an <%ae>%x00%ct%x00%B';
    const output = await this.#git(['log', '-1', '--no-show-signature', format, commit], signal);
    const [author = '', seconds = '', message = ''] = output.toString('utf8').split('\0');
    return { author, committedAt: Number(seconds) * 1000, message: message.trim() };
  }

  async listTree(
    of: { readonly commit: string; readonly path: string },
    signal: AbortSignal,
  ): Promise<TreeEntry[]> {
    if (of.path !== '') await this.#checkDirectory(of, signal);
    const tree = of.path === '' ? of.commit : `${of.commit}:${of.path}`;
    return parseTree(await this.#git(['ls-tree', '-r', '-l', '-z', '--full-tree', tree], signal));
  }

  async readBlobs(oids: readonly string[], signal: AbortSignal): Promise<Map<string, Uint8Array>> {
    if (oids.length === 0) return new Map();
    return parseBatch(await this.#git(['cat-file', '--batch'], signal, `${oids.join('\n')}\n`));
  }

  async #checkDirectory(
    { commit, path }: { readonly commit: string; readonly path: string },
    signal: AbortSignal,
  ): Promise<void> {
    const output = await this.#git(['ls-tree', '-z', '--full-tree', commit, '--', path], signal);
    if (parseTree(output)[0]?.mode === '040000') return;
    throw new SourceError('missing', {
      message: `${this.#location.url} has no directory ${path} at ${commit.slice(0, 12)}`,
      remedy: 'Correct the directory after #ref:; nothing is pruned meanwhile',
    });
  }

  async #has(commit: string, signal: AbortSignal): Promise<boolean> {
    const output = await this.#git(['cat-file', '--batch-check'], signal, `${commit}^{commit}\n`);
    return output.toString('utf8').includes(' commit ');
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    if (this.#isReady) return;
    await mkdir(this.#directory, { recursive: true });
    // Git refuses another account's repository unless it is named here; the operator named it.
    const { url, isLocal } = this.#location;
    const path = url.startsWith('file://') ? fileURLToPath(url) : url;
    const names = isLocal ? [path, join(path, '.git')] : [];
    const lines = names.map((name) => `\tdirectory = ${JSON.stringify(name)}\n`);
    await writeFile(this.#configFile, lines.length === 0 ? '' : `[safe]\n${lines.join('')}`);
    await this.#git(['init', '--quiet', '--bare', '--template=', this.#directory], signal);
    this.#isReady = true;
  }

  #git(args: readonly string[], signal: AbortSignal, stdin?: string): Promise<Buffer> {
    return runGit({
      ...this.#options,
      environment: { ...this.#options.environment, GIT_DIR: this.#directory },
      args,
      location: this.#location.url,
      configFile: this.#configFile,
      maxBytes: this.#options.limits.totalBytes * 2,
      signal,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  #noSuchRef(ref: string, known: readonly string[]): SourceError {
    const branches = known
      .filter((name) => name.startsWith('refs/heads/'))
      .map((name) => name.slice('refs/heads/'.length));
    const has =
      branches.length === 0 ? 'no branch' : `the branches ${branches.slice(0, 8).join(', ')}`;
    return new SourceError('ref-not-found', {
      message: `${this.#location.url} has no ${ref === '' ? 'HEAD' : ref} (it has ${has})`,
      remedy: 'Name one it has, or create it; nothing is pruned meanwhile',
    });
  }
}

interface Remote {
  readonly refs: ReadonlyMap<string, string>;
  /** The branch that HEAD stands for. */
  readonly head: string;
}

function parseRemote(output: string): Remote {
  const refs = new Map<string, string>();
  let head = 'HEAD';
  for (const line of output.split('\n')) {
    const [value = '', name = ''] = line.split('\t');
    if (value.startsWith('ref: ') && name === 'HEAD') head = value.slice('ref: '.length);
    else if (name !== '') refs.set(name, value);
  }
  return { refs, head };
}
