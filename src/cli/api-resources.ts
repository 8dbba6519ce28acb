import { resourceTypes } from './resource-type.ts';
import { table } from './table.ts';
import { type Terminal, painter } from './terminal.ts';

/** `behest api-resources`. */
export function apiResources(terminal: Terminal): void {
  const columns = [
    { title: 'NAME', cell: ({ type }: Row) => type },
    { title: 'SHORT NAMES', cell: ({ singular, short }: Row) => [singular, ...short].join(', ') },
    { title: 'VERBS', cell: ({ verbs }: Row) => verbs },
  ];
  const options = { isWide: true, hasHeaders: true, paint: painter(terminal) };
  terminal.out(table(resourceTypes, columns, options));
}

type Row = (typeof resourceTypes)[number];
