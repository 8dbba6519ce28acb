import type { Path } from '../../graph/problem.ts';

/** Where the parts of a canonical manifest stand in the document that it was made of. */
export class Origins {
  readonly #places = new Map<string, Path>();

  /** Everything under `canonical` stands under `written`, unless a longer path says otherwise. */
  set(canonical: Path, written: Path): this {
    this.#places.set(JSON.stringify(canonical), written);
    return this;
  }

  trace(canonical: Path): Path {
    for (let length = canonical.length; length > 0; length -= 1) {
      const written = this.#places.get(JSON.stringify(canonical.slice(0, length)));
      if (written !== undefined) return [...written, ...canonical.slice(length)];
    }
    return [];
  }
}

/** For a document that is canonical already. */
export const sameOrigins: Pick<Origins, 'trace'> = { trace: (path) => path };
