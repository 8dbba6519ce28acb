import postgres from 'postgres';

import { integerArray, textArray } from './array-literal.ts';

export type Sql = postgres.Sql<{ int8: number }>;

export interface ConnectOptions {
  readonly name: string;
  readonly max: number;
  /** Session settings, sent when a connection starts. */
  readonly session?: { readonly [setting: string]: string };
  /** Connections end when they are this old or this long idle. Off where a session holds state. */
  readonly recycle: boolean;
  readonly onClose?: () => void;
}

const TEXT_ARRAYS = { text: 1009, uuid: 2951, bytea: 1001 } as const;
const INTEGER_ARRAYS = { int2: 1005, int4: 1007, int8: 1016 } as const;

/** bigint holds epoch milliseconds and counts here: a number in all of them. */
const INT8 = { to: 20, from: [20], serialize: String, parse: Number };

/**
 * A pool on `url`. Takes what libpq takes for a Unix socket, `postgres://user:pw@localhost/db?host=
 * /folder`, which postgres.js by itself does not. Opens its first connection with the first query.
 */
export function connect(url: string, options: ConnectOptions): Sql {
  const parsed = new URL(url);
  const host = parsed.searchParams.get('host');
  parsed.searchParams.delete('host');
  return postgres(parsed.href, {
    ...(host === null ? {} : { host }),
    max: options.max,
    idle_timeout: options.recycle ? 300 : undefined,
    max_lifetime: options.recycle ? 3600 : null,
    connect_timeout: 10,
    // Arrays are declared here, which saves a query for each new connection.
    fetch_types: false,
    types: { int8: INT8, ...arrayTypes() },
    onnotice: () => undefined,
    onclose: () => options.onClose?.(),
    connection: { application_name: `behest ${options.name}`, ...options.session },
  }) as unknown as Sql;
}

function arrayTypes(): Record<string, postgres.PostgresType> {
  const types: Record<string, postgres.PostgresType> = {};
  for (const [name, to] of Object.entries(TEXT_ARRAYS)) {
    types[`${name}Array`] = { to, from: [], serialize: textArray, parse: String };
  }
  for (const [name, to] of Object.entries(INTEGER_ARRAYS)) {
    types[`${name}Array`] = { to, from: [], serialize: integerArray, parse: String };
  }
  return types;
}
