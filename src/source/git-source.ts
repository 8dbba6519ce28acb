import { checkLimits } from './check-limits.ts';
import type { GitLocation } from './git-location.ts';
import { GitMirror } from './git-mirror.ts';
import { type TreeEntry, followLink } from './git-tree.ts';
import { IGNORE_FILE, ignoreRules } from './ignore-rules.ts';
import type { GitSettings } from './run-git.ts';
import type { Revision, Source, SourceLimits, Watch } from './source.ts';
import { SourceError } from './source-error.ts';

export interface GitSourceOptions extends GitSettings {
  readonly dataDirectory: string;
  readonly limits: SourceLimits;
}

/** A git repository as a source: one commit of a bare mirror, without a work tree. */
export class GitSource implements Source {
  readonly kind = 'git';
  readonly location: string;
  readonly ref: string;
  readonly #path: string;
  readonly #limits: SourceLimits;
  readonly #mirror: GitMirror;
  /** Blobs of the last revision read, by object id: the next one shares most of them. */
  #blobs: ReadonlyMap<string, Uint8Array> = new Map();
  #resolved: Revision | null = null;
  #read: { readonly commit: string; readonly files: ReadonlyMap<string, Uint8Array> } | null = null;

  constructor(location: GitLocation, options: GitSourceOptions) {
    this.location = location.path === '' ? location.url : `${location.url}#:${location.path}`;
    this.ref = location.ref;
    this.#path = location.path;
    this.#limits = options.limits;
    this.#mirror = new GitMirror(location, options);
  }

  describe(): string {
    return `git ${this.location} at ${this.ref === '' ? 'HEAD' : this.ref}`;
  }

  async resolve(signal: AbortSignal): Promise<Revision> {
    const remote = await this.#mirror.findRemote(this.ref, signal);
    if (remote.commit === this.#resolved?.id) return this.#resolved;
    const commit = await this.#mirror.fetch(remote, signal);
    const about = await this.#mirror.describeCommit(commit, signal);
    const isCommit = remote.name === commit;
    const sha = `sha1:${commit.slice(0, 12)}`;
    const display = isCommit ? sha : `${remote.name}@${sha}`;
    this.#resolved = { id: commit, display, commit, ...about };
    return this.#resolved;
  }

  async read(revision: Revision, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    if (this.#read?.commit === revision.id) return this.#read.files;
    const tree = await this.#mirror.listTree({ commit: revision.id, path: this.#path }, signal);
    const entries = await this.#withoutIgnored(tree, signal);
    const submodule = entries.find(({ mode }) => mode === '160000');
    if (submodule !== undefined) throw this.#submoduleError(submodule.path);
    checkLimits(this.location, entries, this.#limits);
    const targets = await this.#followLinks(entries, signal);
    const blobs = await this.#load([...targets.values()], signal);
    this.#blobs = blobs;
    const files = new Map<string, Uint8Array>();
    for (const path of [...targets.keys()].sort()) {
      const bytes = blobs.get(targets.get(path)?.oid ?? '');
      if (bytes === undefined) throw new Error(`no blob for ${path} of ${revision.id}`);
      files.set(path, bytes);
    }
    this.#read = { commit: revision.id, files };
    return files;
  }

  watch(_onChange: () => void): Watch {
    return { stop: () => Promise.resolve() };
  }

  async #withoutIgnored(tree: readonly TreeEntry[], signal: AbortSignal): Promise<TreeEntry[]> {
    const file = tree.find(({ path, mode }) => path === IGNORE_FILE && mode.startsWith('100'));
    const blobs = file === undefined ? new Map() : await this.#load([file], signal);
    const text = file === undefined ? '' : Buffer.from(blobs.get(file.oid) ?? []).toString('utf8');
    const isIgnored = ignoreRules(text);
    return tree.filter(({ path }) => !isIgnored(path));
  }

  /** Each path with the blob that stands for it. */
  async #followLinks(
    entries: readonly TreeEntry[],
    signal: AbortSignal,
  ): Promise<Map<string, TreeEntry>> {
    const links = entries.filter(({ mode }) => mode === '120000');
    const texts = await this.#load(links, signal);
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    const targets = new Map(byPath);
    for (const link of links) {
      const target = Buffer.from(texts.get(link.oid) ?? []).toString('utf8');
      const tree = { location: this.location, entries: byPath };
      targets.set(link.path, followLink(link, target, tree));
    }
    return targets;
  }

  async #load(
    entries: readonly TreeEntry[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const oids = new Set(entries.map(({ oid }) => oid));
    const missing = [...oids].filter((oid) => !this.#blobs.has(oid));
    const blobs = new Map<string, Uint8Array>();
    const read = await this.#mirror.readBlobs(missing, signal);
    for (const oid of oids) {
      const bytes = this.#blobs.get(oid) ?? read.get(oid);
      if (bytes !== undefined) blobs.set(oid, bytes);
    }
    return blobs;
  }

  #submoduleError(path: string): SourceError {
    return new SourceError('submodule', {
      message: `${this.location}: ${path} is a git submodule, which is not read`,
      remedy: 'Name its repository as a source of its own, or name it in .behestignore',
    });
  }
}
