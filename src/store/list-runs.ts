import type { RunQuery, RunSummary } from '../api/ports.ts';
import type { Sql } from './connect.ts';
import { labelFilter, type LabelFilter } from './label-filter.ts';
import { listNewest } from './list-newest.ts';
import { listNewestOfWorkflow } from './list-newest-of-workflow.ts';
import { listOldest } from './list-oldest.ts';
import { listOldestOfWorkflow } from './list-oldest-of-workflow.ts';
import { listRunsByLabel } from './list-runs-by-label.ts';
import { newestWindow } from './newest-window.ts';
import { plainText } from './plain-text.ts';
import { runOfRow, type RunSummaryRow } from './run-row.ts';
import { ALL_STATUS_CODES, statusCode } from './run-status.ts';
import { NIL_UUID } from './uuid.ts';

/** What the list statements take: no filter is left open, so one plan serves all values. */
export interface RunListParameters {
  readonly namespaces: readonly string[];
  readonly statuses: readonly number[];
  readonly workflow: string | null;
  /** Exclusive; before or after all runs when the list begins. */
  readonly cursor: { readonly createdAt: number; readonly id: string };
  readonly from: number;
  readonly to: number;
  readonly labels: LabelFilter;
  readonly limit: number;
}

/** Later than any time, and still a whole number in JavaScript. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER;
/** How many of the newest runs are looked at for a label before its index is. */
const WINDOW_RUNS = 10_000;
const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A page of runs. Reads about `limit` rows per status however many runs there are. */
export async function listRuns(sql: Sql, query: RunQuery): Promise<RunSummary[]> {
  const labels = labelFilter(query.labels);
  if (labels === null) return [];
  const isNewest = query.order === 'newest';
  const beginning = isNewest
    ? { createdAt: END_OF_TIME, id: LAST_UUID }
    : { createdAt: -1, id: NIL_UUID };
  const parameters: RunListParameters = {
    namespaces: query.namespace === null ? await listNamespaces(sql) : [plainText(query.namespace)],
    statuses: query.statuses.length === 0 ? ALL_STATUS_CODES : query.statuses.map(statusCode),
    workflow: query.workflow === null ? null : plainText(query.workflow),
    cursor: query.after ?? beginning,
    from: query.createdAfter ?? 0,
    to: query.createdBefore ?? END_OF_TIME,
    labels,
    limit: query.limit,
  };
  const rows = await choose(sql, parameters, isNewest);
  return rows.map((row) => runOfRow({ ...row, input: null, output: null }));
}

async function choose(
  sql: Sql,
  parameters: RunListParameters,
  isNewest: boolean,
): Promise<readonly RunSummaryRow[]> {
  if (!parameters.labels.hasEquals) return await inOrder(sql, parameters, isNewest);
  if (isNewest) {
    // A label that many runs have fills the page from the newest runs; to sort all would be slow.
    const start = await newestWindow(sql, parameters, WINDOW_RUNS);
    const from = Math.max(start, parameters.from);
    const page = await inOrder(sql, { ...parameters, from }, isNewest);
    if (page.length === parameters.limit || start === 0) return page;
  }
  return await listRunsByLabel(sql, { ...parameters, isNewest });
}

async function inOrder(
  sql: Sql,
  parameters: RunListParameters,
  isNewest: boolean,
): Promise<readonly RunSummaryRow[]> {
  if (parameters.workflow === null) {
    return isNewest ? await listNewest(sql, parameters) : await listOldest(sql, parameters);
  }
  return isNewest
    ? await listNewestOfWorkflow(sql, parameters)
    : await listOldestOfWorkflow(sql, parameters);
}

/** A run's namespace is its workflow's, and rows of workflows stay for ever. */
async function listNamespaces(sql: Sql): Promise<string[]> {
  const rows = await sql<{ namespace: string }[]>`
    select distinct namespace from workflow`;
  return rows.map((row) => row.namespace);
}
