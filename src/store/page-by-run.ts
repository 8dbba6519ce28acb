/** Rows of many runs, and by run those that are on the page. */
export interface PageByRun<T> {
  readonly found: ReadonlyMap<string, readonly T[]>;
  /** Runs of which rows were left for the next page. */
  readonly cut: ReadonlySet<string>;
}

export function pageByRun<R extends { readonly run_id: string; readonly is_on_page: boolean }, T>(
  rows: readonly R[],
  valueOf: (row: R) => T,
): PageByRun<T> {
  const found = new Map<string, T[]>();
  const cut = new Set<string>();
  for (const row of rows) {
    const own = found.get(row.run_id);
    if (!row.is_on_page) cut.add(row.run_id);
    else if (own === undefined) found.set(row.run_id, [valueOf(row)]);
    else own.push(valueOf(row));
  }
  return { found, cut };
}
