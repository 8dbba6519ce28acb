import type { SourceRecord } from '../record/source.ts';
import type { Sql } from './connect.ts';
import { sourceOfRow } from './load-source.ts';
import { saveSource } from './save-source.ts';

interface Known {
  /** Of the row's version: another one after every write. */
  readonly stamp: string;
  readonly record: SourceRecord;
}

interface Row {
  /** Null when the row is the known one. */
  readonly record: SourceRecord | null;
  readonly requested_token: string;
  readonly suspended: boolean;
  readonly stamp: string;
}

/**
 * Records of sources as this process read or wrote them last. A source of 10,000 objects has a
 * record of 2 MB, which is read again only after somebody else has written it.
 */
export class KnownSources {
  readonly #known = new Map<string, Known>();

  async load(sql: Sql, name: string): Promise<SourceRecord | null> {
    const known = this.#known.get(name);
    const [row] = await sql<Row[]>`
      select
        case when s.stamp <> ${known?.stamp ?? ''}::text then s.record end as record,
        s.requested_token, s.suspended, s.stamp
      from (
        select record, requested_token, suspended, xmin::text || ' ' || ctid::text as stamp
        from source where name = ${name}::text
      ) as s`;
    if (row === undefined) return null;
    const record = row.record ?? known?.record;
    if (record === undefined) throw new Error(`the record of source ${name} was not read`);
    this.#known.set(name, { stamp: row.stamp, record });
    return sourceOfRow({ ...row, record });
  }

  /** A write that is rolled back leaves a stamp that no row will have, so it is never believed. */
  async save(sql: Sql, source: SourceRecord): Promise<void> {
    const stamp = await saveSource(sql, source);
    this.#known.set(source.name, { stamp, record: source });
  }
}
