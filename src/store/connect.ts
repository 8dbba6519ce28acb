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

const CONNECT_TIMEOUT_S = 10;
const END_TIMEOUT_S = 5;

/**
 * A pool on `url`. Takes what libpq takes for a Unix socket too: `postgres://user:pw@localhost/db?
 * host=/folder`. Connects with the first statement.
 *
 * When one connection is lost, all statements under way are rejected as transient and the others
 * are thrown away with it for new ones: in postgres.js 3.4 a connection that closed with a write
 * pending never writes again, and one whose socket failed may give a later statement's answer to an
 * earlier one (docs/decisions/0004).
 */
export function connect(url: string, options: ConnectOptions): Pool {
  const generations = new Generations(url, options);
  const sql = bind(() => generations.current);
  const pin = (): Sql => {
    const pinned = generations.current;
    return bind(() => pinned);
  };
  return Object.assign(sql, { pin, end: () => generations.end() });
}

function bind(generationOf: () => Generation): Sql {
  const sql = (text: TemplateStringsArray, ...parameters: readonly SqlParameter[]) =>
    generationOf().run((driver) => driver(text, ...(parameters as readonly string[])));
  const script = (text: string) => generationOf().run((driver) => driver.unsafe(text));
  return Object.assign(sql, { script }) as unknown as Sql;
}

/** The pool in use, and how the next one comes about. */
class Generations {
  readonly #url: string;
  readonly #options: ConnectOptions;
  #isEnded = false;
  current: Generation;

  constructor(url: string, options: ConnectOptions) {
    this.#url = url;
    this.#options = options;
    this.current = this.#open();
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await this.current.end();
  }

  #open(): Generation {
    return new Generation(this.#url, this.#options, () => {
      if (!this.#isEnded) this.current = this.#open();
    });
  }
}

/** A connection, and how many statements are under way on it. */
interface Line {
  readonly driver: postgres.Sql;
  statements: number;
}

/** The connections of a pool, until one of them is lost. */
class Generation {
  readonly #lines: Line[] = [];
  readonly #url: string;
  readonly #options: ConnectOptions;
  readonly #onLost: () => void;
  readonly #inFlight = new Set<(error: Error) => void>();
  #state: 'open' | 'ending' | 'lost' = 'open';

  constructor(url: string, options: ConnectOptions, onLost: () => void) {
    this.#url = url;
    this.#options = options;
    this.#onLost = onLost;
  }

  run<T>(start: (driver: postgres.Sql) => PromiseLike<T>): Promise<T> {
    if (this.#state === 'lost') return Promise.reject(new ConnectionLost(this.#options.name));
    const line = this.#line();
    line.statements += 1;
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject);
      const ended = (): void => {
        line.statements -= 1;
        this.#inFlight.delete(reject);
      };
      start(line.driver).then(
        (rows) => {
          ended();
          resolve(rows);
        },
        (error: Error) => {
          ended();
          if (isConnectionError(error)) this.#lose();
          reject(error);
        },
      );
    });
  }

  async end(): Promise<void> {
    // Connections that close from now on are not lost.
    if (this.#state === 'open') this.#state = 'ending';
    await this.#endAll(END_TIMEOUT_S);
  }

  /**
   * The first connection that is idle, so that the same one does what comes one by one: its backend
   * stays warm, which takes a quarter off a commit. The driver's own pool takes them in turn.
   */
  #line(): Line {
    const idle = this.#lines.find(({ statements }) => statements === 0);
    if (idle !== undefined) return idle;
    if (this.#lines.length < this.#options.max) {
      const driver = openDriver(this.#url, this.#options, () => this.#lose());
      const line = { driver, statements: 0 };
      this.#lines.push(line);
      return line;
    }
    return this.#lines.reduce((best, line) => (line.statements < best.statements ? line : best));
  }

  async #endAll(timeout: number): Promise<void> {
    await Promise.all(this.#lines.map(({ driver }) => driver.end({ timeout })));
  }

  #lose(): void {
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    this.#onLost();
    for (const reject of this.#inFlight) reject(new ConnectionLost(this.#options.name));
    void this.#endAll(0);
  }
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
    max: 1,
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
