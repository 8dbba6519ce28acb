/** Where manifests come from: the files of one revision at a time. */
export interface Source {
  readonly kind: 'directory' | 'git';
  /** Directory path or repository URL, without credentials. */
  readonly location: string;
  /** Branch, tag or commit as it was asked for; empty for a directory or a remote's HEAD. */
  readonly ref: string;
  /** One line for people. */
  describe(): string;
  /**
   * What the source holds now. Throws a SourceError; a missing source is never an empty one. With
   * `told` a source may look only at what its watch has told of since the last look.
   */
  resolve(signal: AbortSignal, extent?: Extent): Promise<Revision>;
  /** The files of that revision by path (with `/`), sorted. Throws a SourceError. */
  read(revision: Revision, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Calls back when something may have changed. A git source has nothing to watch: poll it. */
  watch(onChange: () => void): Watch;
}

/** How much of a source a look sees: all of it, or what may have changed as far as is known. */
export type Extent = 'all' | 'told';

/** One immutable snapshot. Equal ids mean equal files. */
export interface Revision {
  /** Commit, or SHA-256 over paths and contents; hex. */
  readonly id: string;
  /** For people: `main@sha1:1f2e3d4c5b6a`, `sha256:1f2e3d4c5b6a`. */
  readonly display: string;
  readonly commit?: string;
  readonly author?: string;
  /** Epoch ms. */
  readonly committedAt?: number;
  readonly message?: string;
}

export interface Watch {
  stop(): Promise<void>;
}

export interface SourceLimits {
  readonly files: number;
  readonly fileBytes: number;
  readonly totalBytes: number;
}

export const defaultLimits: SourceLimits = {
  files: 20_000,
  fileBytes: 16 * 1024 * 1024,
  totalBytes: 256 * 1024 * 1024,
};
