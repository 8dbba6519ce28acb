import type { Sql } from './connect.ts';

/** Round trip to the database in ms; rejects when it is out of reach. */
export async function ping(sql: Sql): Promise<number> {
  const began = performance.now();
  await sql`select 1`;
  return performance.now() - began;
}
