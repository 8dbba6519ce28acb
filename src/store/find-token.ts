import type { Role, TokenRecord } from '../api/ports.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';

/** The token whose SHA-256 this is; null when there is none, or it has expired or been revoked. */
export async function findToken(sql: Sql, hash: string): Promise<TokenRecord | null> {
  const [row] = await sql<{ name: string; role: Role }[]>`
    select name, role
    from api_token
    where
      hash = ${plainText(hash)}::text
      and revoked_at is null
      and (expires_at is null or expires_at > extract(epoch from now()) * 1000)`;
  return row === undefined ? null : { name: row.name, role: row.role };
}
