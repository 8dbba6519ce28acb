import { connect } from './connect.ts';
import { migrate } from './migrate.ts';
import { PostgresLedger } from './postgres-ledger.ts';
import { PostgresLibrary } from './postgres-library.ts';
import { Transactions } from './transaction.ts';
import { Locks } from './with-lock.ts';

export interface Store {
  readonly ledger: PostgresLedger;
  readonly library: PostgresLibrary;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Connections of the hot path. Default 6. */
  readonly max?: number;
}

/**
 * The hot statements look rows up by key and nothing else. Told so, the planner keeps to the
 * indexes also in a plan that it makes while the tables are empty and then goes on using.
 */
const KEY_LOOKUPS = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

/** Lists have many shapes: each is planned for its own values. */
const LISTS = { plan_cache_mode: 'force_custom_plan', jit: 'off' };

/** Connects to the database of `url` and brings it to this program's schema. */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const sql = connect(url, {
    name: 'ledger',
    max: options.max ?? 6,
    session: KEY_LOOKUPS,
  });
  const lists = connect(url, { name: 'lists', max: 3, session: LISTS });
  const transactions = new Transactions(url, { max: 3 });
  const locks = new Locks(url);
  const close = async (): Promise<void> => {
    await Promise.all([sql.end(), lists.end(), transactions.close(), locks.close()]);
  };
  try {
    await migrate(transactions);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ledger: new PostgresLedger({ sql, transactions, locks }),
    library: new PostgresLibrary({ sql, lists, transactions }),
    close,
  };
}

/** The blobs of a store, in the shape that the bus serves. */
export function blobsOf(library: Pick<PostgresLibrary, 'getBlob' | 'putBlob'>): {
  get(digest: string): Promise<Uint8Array | null>;
  put(bytes: Uint8Array): Promise<string>;
} {
  return { get: (digest) => library.getBlob(digest), put: (bytes) => library.putBlob(bytes) };
}
