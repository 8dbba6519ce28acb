import type { Sql } from '../../src/store/connect.ts';

/** The schema as text for review: tables with their columns, then constraints, indexes, views. */
export async function dumpSchema(sql: Sql): Promise<string> {
  const parts = [await tables(sql), await constraints(sql), await indexes(sql), await views(sql)];
  const note =
    '-- Made by `vitest run test/store/migrate.test.ts -u` from the migrations. For reading.';
  return `${note}\n\n${parts.join('\n\n')}\n`;
}

async function tables(sql: Sql): Promise<string> {
  const rows = await sql<{ text: string }[]>`
    select
      'create table ' || c.relname || E' (\n' || string_agg(
        '  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
          || case when a.attnotnull then ' not null' else '' end
          || case when a.attidentity = 'a' then ' generated always as identity' else '' end
          || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''),
        E',\n' order by a.attnum
      ) || E'\n)' || coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '') || ';'
        as text
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    group by c.oid
    order by c.relname`;
  return rows.map((row) => row.text).join('\n\n');
}

async function constraints(sql: Sql): Promise<string> {
  const rows = await sql<{ text: string }[]>`
    select
      'alter table ' || conrelid::regclass || ' add constraint ' || conname || ' '
        || pg_get_constraintdef(oid) || ';' as text
    from pg_constraint
    where connamespace = 'public'::regnamespace and contype <> 'n'
    order by conrelid::regclass::text, conname`;
  return rows.map((row) => row.text).join('\n');
}

async function indexes(sql: Sql): Promise<string> {
  const rows = await sql<{ text: string }[]>`
    select indexdef || ';' as text
    from pg_indexes
    where
      schemaname = 'public'
      and indexname not in (select conname from pg_constraint)
    order by indexname`;
  return rows.map((row) => row.text).join('\n');
}

async function views(sql: Sql): Promise<string> {
  const rows = await sql<{ text: string }[]>`
    select 'create view ' || viewname || E' as\n' || definition as text
    from pg_views
    where schemaname = 'public'
    order by viewname`;
  return rows.map((row) => row.text).join('\n\n');
}
