import type { Sql } from './connect.ts';

const LOWEST = '00000000-0000-0000-0000-000000000000';
const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Ids that begin with this text, in order: a range of the primary key. */
export async function runIdsWithPrefix(sql: Sql, prefix: string, limit: number): Promise<string[]> {
  if (!couldBegin(prefix)) return [];
  const rows = await sql<{ id: string }[]>`
    select id
    from run
    where
      id >= ${prefix + LOWEST.slice(prefix.length)}::uuid
      and id <= ${prefix + HIGHEST.slice(prefix.length)}::uuid
    order by id
    limit ${limit}::int4`;
  return rows.map((row) => row.id);
}

/** Whether some id begins so: hex digits, and dashes at their places. */
function couldBegin(prefix: string): boolean {
  const places = Array.from(prefix, (letter, at) =>
    LOWEST[at] === '-' ? letter === '-' : /[0-9a-f]/.test(letter),
  );
  return prefix.length <= LOWEST.length && places.every(Boolean);
}
