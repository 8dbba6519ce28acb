import postgres from 'postgres';

import { integerArray, textArray } from './array-literal.ts';
import { ConnectionLost, isConnectionError } from './transient.ts';

export type SqlParameter =
  string | number | boolean | null | Uint8Array | readonly (string | number | null)[];

/** Runs one statement, prepared once per connection. Rejects with the driver's error. */
export interface Sql {
  <Rows extends readonly object[] = readonly { readonly [column: string]: unknown }[]>(
    text: TemplateStringsArray,
    ...parameters: readonly SqlParameter[]
  ): Promise<Rows>;
  /** Several statements without parameters, unprepared; answers the rows of a single one. */
  script(text: string): Promise<readonly { readonly [column: string]: unknown }[]>;
}

/** A pool that starts anew by itself when a connection is lost. */
export interface Pool extends Sql {
  /**
   * The same, but only as long as no connection is lost: then it rejects for ever. With a pool of
   * one that is one session, which is what a transaction needs.
   */
  pin(): Sql;
  end(): Promise<void>;
}

export interface ConnectOptions {
  readonly name: string;
  readonly max: number;
  /** Session settings, sent when a connection starts. */
  readonly session?: { readonly [setting: string]: string };
  /** Warnings of the server, by SQLSTATE. Default: nobody hears them. */
  readonly onNotice?: (code: string) => void;
}

/** One pool of the driver's, until it loses a connection. */
interface Generation {
  readonly driver: postgres.Sql;
  readonly inFlight: Set<(error: Error) => void>;
  isLost: boolean;
}

const CONNECT_TIMEOUT_S = 10;
const END_TIMEOUT_S = 5;

/**
 * A pool on `url`. Takes what libpq takes for a Unix socket too: `postgres://user:pw@localhost/db?
 * host=/folder`. Connects with the first statement.
 *
 * When one connection is lost, all statements under way are rejected as transient and the driver's
 * pool is thrown away for a new one: in postgres.js 3.4 a connection that closed with a write
 * pending never writes again, and one whose socket failed may give a later statement's answer to an
 * earlier one (docs/decisions/0004).
 */
export function connect(url: string, options: ConnectOptions): Pool {
  let isEnded = false;
  let current = open();

  function open(): Generation {
    const generation: Generation = {
      driver: openDriver(url, options, () => lose(generation)),
      inFlight: new Set(),
      isLost: false,
    };
    return generation;
  }

  function lose(generation: Generation): void {
    if (generation.isLost || isEnded) return;
    generation.isLost = true;
    if (generation === current) current = open();
    for (const reject of generation.inFlight) reject(new ConnectionLost(options.name));
    void generation.driver.end({ timeout: 0 });
  }

  function run<T>(generation: Generation, start: () => PromiseLike<T>): Promise<T> {
    if (generation.isLost) return Promise.reject(new ConnectionLost(options.name));
    return new Promise((resolve, reject) => {
      generation.inFlight.add(reject);
      start().then(
        (rows) => {
          generation.inFlight.delete(reject);
          resolve(rows);
        },
        (error: Error) => {
          generation.inFlight.delete(reject);
          if (isConnectionError(error)) lose(generation);
          reject(error);
        },
      );
    });
  }

  function bind(generationOf: () => Generation): Sql {
    const sql = (text: TemplateStringsArray, ...parameters: readonly SqlParameter[]) => {
      const generation = generationOf();
      return run(generation, () => generation.driver(text, ...(parameters as readonly string[])));
    };
    const script = (text: string) => {
      const generation = generationOf();
      return run(generation, () => generation.driver.unsafe(text));
    };
    return Object.assign(sql, { script }) as unknown as Sql;
  }

  return Object.assign(
    bind(() => current),
    {
      pin: () => {
        const pinned = current;
        return bind(() => pinned);
      },
      end: async () => {
        isEnded = true;
        await current.driver.end({ timeout: END_TIMEOUT_S });
      },
    },
  );
}

const TEXT_ARRAYS = { text: 1009, uuid: 2951 } as const;
const INTEGER_ARRAYS = { int2: 1005, int4: 1007, int8: 1016 } as const;

/** bigint holds epoch milliseconds and counts here: a number in all of them. */
const INT8 = { to: 20, from: [20], serialize: String, parse: Number };

function openDriver(url: string, options: ConnectOptions, onClose: () => void): postgres.Sql {
  const parsed = new URL(url);
  const host = parsed.searchParams.get('host');
  parsed.searchParams.delete('host');
  return postgres(parsed.href, {
    ...(host === null ? {} : { host }),
    max: options.max,
    connect_timeout: CONNECT_TIMEOUT_S,
    // Connections stay, so that one which closes is always one that is lost.
    max_lifetime: null,
    // Arrays are declared here, which saves a query for each new connection.
    fetch_types: false,
    types: { int8: INT8, ...arrayTypes() },
    onnotice: (notice) => options.onNotice?.(notice['code'] ?? ''),
    onclose: onClose,
    connection: { application_name: `behest ${options.name}`, ...options.session },
  });
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
