/** Sets of small whole numbers, many at once: reachability over a graph of ten thousand steps. */
export class BitSets {
  readonly #words: Uint32Array;
  readonly #width: number;

  constructor(count: number, size: number) {
    this.#width = Math.ceil(size / 32);
    this.#words = new Uint32Array(count * this.#width);
  }

  add(set: number, member: number): void {
    const at = set * this.#width + (member >>> 5);
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (member & 31));
  }

  has(set: number, member: number): boolean {
    return ((this.#words[set * this.#width + (member >>> 5)] ?? 0) & (1 << (member & 31))) !== 0;
  }

  /** Adds all members of `source` to `target`. */
  addAll(target: number, source: number): void {
    const words = this.#words;
    const to = target * this.#width;
    const from = source * this.#width;
    for (let word = 0; word < this.#width; word += 1) {
      words[to + word] = (words[to + word] ?? 0) | (words[from + word] ?? 0);
    }
  }
}
