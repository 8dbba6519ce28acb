import type { Clients, ServerOptions } from './client.ts';
import type { Paint, Terminal } from './terminal.ts';

export type OutputFormat = 'table' | 'wide' | 'name' | 'json' | 'yaml';

/** The options that every command of the API takes. */
export interface GlobalOptions extends ServerOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly output?: OutputFormat;
  readonly headers?: boolean;
  readonly sortBy?: string;
}

/** What one verb works with. */
export interface CommandContext {
  readonly clients: Clients;
  readonly terminal: Terminal;
  readonly paint: Paint;
  readonly options: GlobalOptions;
  /** `-` is all of them. */
  readonly namespace: string;
}
