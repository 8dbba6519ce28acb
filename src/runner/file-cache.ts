export interface FileCacheOptions {
  readonly fetch: (digest: string) => Promise<Uint8Array>;
  /** Bytes kept; a file above a quarter of it is fetched anew each time. */
  readonly maxBytes: number;
}

/** Files by digest, least recently used first out; each is fetched once, however many ask. */
export class FileCache {
  private readonly options: FileCacheOptions;
  private readonly kept = new Map<string, Uint8Array>();
  private readonly fetching = new Map<string, Promise<Uint8Array>>();
  private keptBytes = 0;

  constructor(options: FileCacheOptions) {
    this.options = options;
  }

  async read(digest: string): Promise<Uint8Array> {
    const kept = this.kept.get(digest);
    if (kept !== undefined) {
      // Order of insertion is order of use.
      this.kept.delete(digest);
      this.kept.set(digest, kept);
      return kept;
    }
    return this.fetching.get(digest) ?? this.fetch(digest);
  }

  private fetch(digest: string): Promise<Uint8Array> {
    const fetching = this.options
      .fetch(digest)
      .then((bytes) => {
        this.keep(digest, bytes);
        return bytes;
      })
      .finally(() => this.fetching.delete(digest));
    this.fetching.set(digest, fetching);
    return fetching;
  }

  private keep(digest: string, bytes: Uint8Array): void {
    const { maxBytes } = this.options;
    if (bytes.byteLength > maxBytes / 4 || this.kept.has(digest)) return;
    this.kept.set(digest, bytes);
    this.keptBytes += bytes.byteLength;
    for (const [oldest, old] of this.kept) {
      if (this.keptBytes <= maxBytes) return;
      this.kept.delete(oldest);
      this.keptBytes -= old.byteLength;
    }
  }
}
