import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { connect, type Pool } from '../../src/store/connect.ts';
import { migrate, readMigrations } from '../../src/store/migrate.ts';
import { Transactions } from '../../src/store/transaction.ts';
import { emptyDatabase } from '../services/postgres.ts';
import { dumpSchema } from './dump-schema.ts';

let url: string;
let sql: Pool;
let open: Transactions[];
beforeEach(async () => {
  url = await emptyDatabase();
  sql = connect(url, { name: 'test', max: 1 });
  open = [];
});
afterEach(async () => {
  await Promise.all([sql.end(), ...open.map((transactions) => transactions.close())]);
});

function transactions(): Transactions {
  const made = new Transactions(url, { max: 1 });
  open.push(made);
  return made;
}

test('all migrations → just the committed schema.sql', async () => {
  await migrate(transactions());
  await expect(await dumpSchema(sql)).toMatchFileSnapshot('../../src/store/schema.sql');
});

test('ten processes migrate an empty database at once → each step is applied once', async () => {
  await Promise.all(Array.from({ length: 10 }, () => migrate(transactions())));
  const rows = await sql`select number from schema_migration order by number`;
  expect(rows.map((row) => row['number'])).toEqual(readMigrations().map(({ number }) => number));
});

test('a database newer than the program → refused with both numbers, untouched', async () => {
  await migrate(transactions());
  await sql`insert into schema_migration (number, name) values (9999, 'later')`;
  await expect(migrate(transactions())).rejects.toMatchObject({
    name: 'DatabaseTooNew',
    message: expect.stringMatching(/schema 9999.*up to \d+.*newer/s) as string,
  });
});

test('a step fails half-way → it leaves nothing, the steps before stay, the next try goes on', async () => {
  const good = { number: 1, name: 'a', text: 'create table a (n integer)' };
  const bad = { number: 2, name: 'b', text: 'create table b (n integer); select broken' };
  await expect(migrate(transactions(), [good, bad])).rejects.toMatchObject({ code: '42703' });
  const [found] = await sql`select to_regclass('a')::text as a, to_regclass('b')::text as b`;
  expect(found).toEqual({ a: 'a', b: null });
  await migrate(transactions(), [good, { ...bad, text: 'create table b (n integer)' }]);
  expect(await sql`select from b`).toHaveLength(0);
});

test.each([
  ['0002-a.sql', /0002-a\.sql: expected the name 0001-/],
  ['1-a.sql', /expected the name 0001-/],
  ['0001-A b.sql', /expected the name 0001-/],
])('a migration file named %s → refused', async (name, message) => {
  const folder = await mkdtemp(join(tmpdir(), 'behest-migrations-'));
  try {
    await writeFile(join(folder, name), 'select 1');
    expect(() => readMigrations(folder)).toThrow(message);
  } finally {
    await rm(folder, { recursive: true });
  }
});
