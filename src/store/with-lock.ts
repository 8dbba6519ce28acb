import { connect, type Pool } from './connect.ts';

/**
 * Locks of one process, all held by one session of their own. They keep controllers from doing the
 * same work at once; what is written is guarded by itself, so a lock lost with its connection costs
 * double work and nothing else.
 */
export class Locks {
  readonly #sql: Pool;
  /** A session may take its own lock again, so the process has to tell its own callers apart. */
  readonly #held = new Set<string>();

  constructor(url: string) {
    this.#sql = connect(url, { name: 'locks', max: 1 });
  }

  /** Runs `work` if nobody holds this lock, in this process or another; null when somebody does. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    if (this.#held.has(name)) return null;
    this.#held.add(name);
    try {
      if (!(await this.#tryLock(name))) return null;
      try {
        return await work();
      } finally {
        await this.#unlock(name);
      }
    } finally {
      this.#held.delete(name);
    }
  }

  async close(): Promise<void> {
    await this.#sql.end();
  }

  async #tryLock(name: string): Promise<boolean> {
    const [row] = await this.#sql<{ locked: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended(${`behest ${name}`}::text, 0)) as locked`;
    return row?.locked === true;
  }

  async #unlock(name: string): Promise<void> {
    // With its session gone the lock is free already, and the work's own result matters more.
    await this.#sql`
      select pg_advisory_unlock(hashtextextended(${`behest ${name}`}::text, 0))`.catch(
      () => undefined,
    );
  }
}
