import { connect, type Pool, type Sql } from './connect.ts';

export interface TransactionOptions {
  /** Transactions at once; more wait in order. */
  readonly max: number;
  readonly onNotice?: (code: string) => void;
}

/**
 * Runs whatever needs several statements. Each transaction has a whole connection to itself from
 * `begin` to `commit`: a pool of one, used by nobody else. postgres.js' own ways are not safe here:
 * `sql.begin` can put two transactions on one connection of a saturated pool, and `sql.reserve`
 * hands a connection to a caller that has long failed when the server restarts meanwhile, which
 * takes it from the pool for ever (docs/decisions/0004).
 */
export class Transactions {
  readonly #lanes: readonly Pool[];
  readonly #idle: Pool[];
  readonly #waiting: ((lane: Pool) => void)[] = [];

  constructor(url: string, options: TransactionOptions) {
    const { max, onNotice } = options;
    const lane = { name: 'transaction', max: 1, ...(onNotice === undefined ? {} : { onNotice }) };
    this.#lanes = Array.from({ length: max }, () => connect(url, lane));
    this.#idle = [...this.#lanes];
  }

  /**
   * Commits what `work` did when it resolves and rolls back when it rejects. `work` uses only the
   * `sql` it is given. A connection lost before the commit rejects with a transient error.
   */
  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const lane = await this.#take();
    try {
      return await runOn(lane, work);
    } finally {
      this.#give(lane);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.end()));
  }

  async #take(): Promise<Pool> {
    return this.#idle.shift() ?? (await new Promise((taken) => this.#waiting.push(taken)));
  }

  #give(lane: Pool): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(lane);
    else next(lane);
  }
}

async function runOn<T>(lane: Pool, work: (sql: Sql) => Promise<T>): Promise<T> {
  const session = lane.pin();
  await session`begin`;
  try {
    const result = await work(session);
    await session`commit`;
    return result;
  } catch (error) {
    // With the connection gone the server has rolled back by itself.
    await session`rollback`.catch(() => undefined);
    throw error;
  }
}
