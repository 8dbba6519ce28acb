import { connect, type Sql } from './connect.ts';
import { TransactionLost } from './transient.ts';

/** One connection that belongs to one transaction at a time. */
interface TransactionLane {
  readonly sql: Sql;
  /** Counts the times the connection closed: more than at `begin` means that the rest is lost. */
  closed: number;
}

/**
 * Runs whatever needs several statements. Each transaction has a whole connection to itself from
 * `begin` to `commit`: a pool of one, used by nobody else. postgres.js' own ways are not safe here:
 * `sql.begin` can put two transactions on one connection of a saturated pool, and `sql.reserve`
 * hands a connection to a caller that has long failed when the server restarts meanwhile, which
 * takes it from the pool for ever (docs/decisions/0004).
 */
export class Transactions {
  readonly #lanes: TransactionLane[];
  readonly #idle: TransactionLane[];
  readonly #waiting: ((lane: TransactionLane) => void)[] = [];

  constructor(url: string, options: { readonly max: number }) {
    this.#lanes = Array.from({ length: options.max }, () => openLane(url));
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
    await Promise.all(this.#lanes.map((lane) => lane.sql.end({ timeout: 5 })));
  }

  async #take(): Promise<TransactionLane> {
    return this.#idle.shift() ?? (await new Promise((taken) => this.#waiting.push(taken)));
  }

  #give(lane: TransactionLane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(lane);
    else next(lane);
  }
}

function openLane(url: string): TransactionLane {
  const onClose = (): void => void (lane.closed += 1);
  const sql = connect(url, { name: 'transaction', max: 1, recycle: false, onClose });
  const lane: TransactionLane = { sql, closed: 0 };
  return lane;
}

async function runOn<T>(lane: TransactionLane, work: (sql: Sql) => Promise<T>): Promise<T> {
  await lane.sql`begin`;
  const guarded = guard(lane);
  try {
    const result = await work(guarded);
    await guarded`commit`;
    return result;
  } catch (error) {
    // With the connection gone the server has rolled back by itself.
    await guarded`rollback`.catch(() => undefined);
    throw error;
  }
}

/** After a lost connection the next statement would run on a new one, outside any transaction. */
function guard(lane: TransactionLane): Sql {
  const closedBefore = lane.closed;
  return new Proxy(lane.sql, {
    apply(target, self, parameters) {
      if (lane.closed === closedBefore) return Reflect.apply(target, self, parameters) as unknown;
      return Promise.reject(new TransactionLost('the connection was lost inside a transaction'));
    },
  });
}
