import { connect, type Pool } from '../../src/store/connect.ts';

const LOOK_MS = 40;

interface Progress {
  readonly at: number;
  readonly run: string;
}

/** Watches, with a connection of its own, how the runs' sequence numbers rise. */
export class Observer {
  readonly #pool: Pool;
  readonly #seqs = new Map<string, number>();
  readonly #unfinished = new Set<string>();
  readonly #moves: Progress[] = [];
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | null = null;

  constructor(databaseUrl: string) {
    this.#pool = connect(databaseUrl, { name: 'observer', max: 1 });
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  get finished(): number {
    return this.#seqs.size - this.#unfinished.size;
  }

  get unfinished(): readonly string[] {
    return [...this.#unfinished];
  }

  /** One look at the ledger; nothing while it is away. */
  look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #read(): Promise<void> {
    let rows: readonly { id: string; seq: number; status: number }[];
    try {
      rows = await this.#pool<{ id: string; seq: number; status: number }[]>`
        select id, seq, status from run`;
    } catch {
      return; // Away just now: the next look tells.
    }
    const at = Date.now();
    for (const { id, seq, status } of rows) {
      const before = this.#seqs.get(id);
      if (before !== undefined && before !== seq) this.#moves.push({ at, run: id });
      this.#seqs.set(id, seq);
      if (status < 10) this.#unfinished.add(id);
      else this.#unfinished.delete(id);
    }
  }

  /** Time from this moment to the next record of progress, ms; null when there was none. */
  nextMove(since: number): number | null {
    const move = this.#moves.find(({ at }) => at > since);
    return move === undefined ? null : move.at - since;
  }

  /** For each of these runs, the time from this moment to its own next progress, in order. */
  movesOf(runs: readonly string[], since: number): number[] {
    const open = new Set(runs);
    const times: number[] = [];
    for (const { at, run } of this.#moves) {
      if (at > since && open.delete(run)) times.push(at - since);
    }
    return times;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#pool.end();
  }
}
