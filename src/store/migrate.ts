import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Sql } from './connect.ts';
import type { Transactions } from './transaction.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

/** The database was written by a newer program. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew';
}

const FOLDER = join(import.meta.dirname, 'migrations');
const FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/** The migrations of this program, in order. Throws when a number is missing or doubled. */
export function readMigrations(folder: string = FOLDER): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted();
  return files.map((file, index) => {
    const [, number, name] = FILE.exec(file) ?? [];
    if (Number(number) !== index + 1 || name === undefined) {
      throw new Error(`${file}: expected the name ${String(index + 1).padStart(4, '0')}-….sql`);
    }
    return { number: index + 1, name, text: readFileSync(join(folder, file), 'utf8') };
  });
}

/**
 * Brings the database to this program's schema, forward only, each step in a transaction. Any
 * number of processes may call it at once. Rejects with DatabaseTooNew when the database is newer.
 */
export async function migrate(
  transactions: Transactions,
  migrations: readonly Migration[] = readMigrations(),
): Promise<void> {
  if (await isCurrent(transactions, migrations.length)) return;
  for (const migration of migrations) {
    await transactions.run(async (sql) => {
      // Everybody waits here for the one who is first, then finds its row.
      await sql`select pg_advisory_xact_lock(hashtextextended('behest migrations', 0))`;
      await createTable(sql);
      if (await claim(sql, migration)) await sql.script(migration.text);
    });
  }
}

async function isCurrent(transactions: Transactions, expected: number): Promise<boolean> {
  return await transactions.run(async (sql) => {
    const [table] = await sql<{ found: string | null }[]>`
      select to_regclass('schema_migration')::text as found`;
    if (typeof table?.found !== 'string') return false;
    const [row] = await sql<{ newest: number | null }[]>`
      select max(number)::int4 as newest from schema_migration`;
    const newest = row?.newest ?? 0;
    if (newest > expected) throw tooNew(newest, expected);
    return newest === expected;
  });
}

function tooNew(found: number, expected: number): DatabaseTooNew {
  return new DatabaseTooNew(
    `The database is at schema ${found}, this program knows schemas up to ${expected}: a newer ` +
      'Behest has used it. Start that version, or a newer one.',
  );
}

async function createTable(sql: Sql): Promise<void> {
  await sql`
    create table if not exists schema_migration (
      number integer primary key,
      name text not null,
      applied_at timestamptz not null default now()
    )`;
}

/** False when somebody else has applied it. */
async function claim(sql: Sql, migration: Migration): Promise<boolean> {
  const rows = await sql`
    insert into schema_migration (number, name)
    values (${migration.number}::int4, ${migration.name}::text)
    on conflict (number) do nothing
    returning number`;
  return rows.length === 1;
}
