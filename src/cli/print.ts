import type { DescMessage, JsonValue, MessageShape } from '@bufbuild/protobuf';
import { stringify } from 'yaml';

import { apiJson } from './api-json.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { type Column, table } from './table.ts';

/** How objects of one type are shown. */
export interface Listing<D extends DescMessage> {
  readonly desc: D;
  readonly items: readonly MessageShape<D>[];
  readonly columns: readonly Column<MessageShape<D>>[];
  /** `workflow/import-assets`; never shortened. */
  readonly name: (item: MessageShape<D>) => string;
  /** Asked for by name: one object is not wrapped in a list. */
  readonly isSingle: boolean;
}

/** Prints objects in the format that was asked for. */
export function print<D extends DescMessage>(context: CommandContext, listing: Listing<D>): void {
  const { terminal, options, paint } = context;
  const items = sorted(listing, options.sortBy);
  switch (options.output ?? 'table') {
    case 'json':
      return terminal.out(`${JSON.stringify(machineForm(listing, items), null, 2)}\n`);
    case 'yaml':
      return terminal.out(stringify(machineForm(listing, items)));
    case 'name':
      return terminal.out(items.map((item) => `${listing.name(item)}\n`).join(''));
    case 'table':
    case 'wide': {
      const isWide = options.output === 'wide';
      if (items.length === 0) return terminal.err('Nothing found.\n');
      const hasHeaders = options.headers !== false;
      return terminal.out(table(items, listing.columns, { isWide, hasHeaders, paint }));
    }
  }
}

function machineForm<D extends DescMessage>(
  listing: Listing<D>,
  items: readonly MessageShape<D>[],
): JsonValue {
  const forms = items.map((item) => apiJson(listing.desc, item));
  return listing.isSingle && forms.length === 1
    ? (forms[0] ?? null)
    : { kind: 'List', items: forms };
}

/** `--sort-by` names a field of the JSON form: `created_at`, `.status`, `origin.commit`. */
function sorted<D extends DescMessage>(
  { desc, items }: Listing<D>,
  path: string | undefined,
): readonly MessageShape<D>[] {
  if (path === undefined) return items;
  const keys = path.replace(/^\./, '').split('.');
  const keyed = items.map((item) => ({ item, key: valueAt(apiJson(desc, item), keys) }));
  if (items.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new CommandFailure('usage', `--sort-by ${path}: no object has this field. See -o json.`);
  }
  return keyed.toSorted((a, b) => compare(a.key, b.key)).map(({ item }) => item);
}

function valueAt(json: JsonValue | undefined, keys: readonly string[]): JsonValue | undefined {
  const [key, ...rest] = keys;
  if (key === undefined) return json;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  return valueAt(json[key], rest);
}

function compare(a: JsonValue | undefined, b: JsonValue | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  // What lacks the field comes last.
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return JSON.stringify(a).localeCompare(JSON.stringify(b), 'en', { numeric: true });
}
