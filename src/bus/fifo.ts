const COMPACT_AT = 1024;

/** First in, first out, with both ends in constant time; an array's `shift` copies the rest. */
export class Fifo<T> {
  private items: T[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.head === this.items.length) return undefined;
    const item = this.items[this.head];
    this.head += 1;
    // Compacting only when half is spent keeps the copying below one move per item.
    if (this.head >= COMPACT_AT && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Drops the items that are not to be kept. */
  keep(isKept: (item: T) => boolean): void {
    this.items = this.items.slice(this.head).filter(isKept);
    this.head = 0;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }
}
