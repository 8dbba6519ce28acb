import type { DescMessage } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';

import { NodeTypeSchema } from '../gen/behest/v1/node_pb.ts';
import type { RunStatus } from '../gen/behest/v1/run_pb.ts';
import { RunSchema, RunStatusSchema } from '../gen/behest/v1/run_pb.ts';
import { EventSchema, SourceSchema } from '../gen/behest/v1/source_pb.ts';
import { WorkflowSchema, WorkflowVersionSchema } from '../gen/behest/v1/workflow_pb.ts';
import { enumText } from './api-json.ts';
import {
  eventColumns,
  nodeColumns,
  runColumns,
  sourceColumns,
  versionColumns,
  workflowColumns,
} from './columns.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { listAll } from './list-all.ts';
import type { Listing } from './print.ts';
import type { Target } from './resource-type.ts';
import { resolveRunId } from './resolve-run-id.ts';

export interface FetchOptions {
  readonly ignoreNotFound?: boolean;
  readonly status?: string;
  readonly workflow?: string;
  readonly limit?: number;
}

/** Loads the objects of one type: those named, or all of the namespace. */
export function fetchListing(
  context: CommandContext,
  targets: readonly Target[],
  options: FetchOptions,
): Promise<Listing<DescMessage>> {
  const names = targets.flatMap(({ name }) => (name === null ? [] : [name]));
  const query: Query = { context, names, options };
  switch (targets[0]?.type) {
    case 'workflows':
      return workflows(query);
    case 'runs':
      return runs(query);
    case 'sources':
      return sources(query);
    case 'nodes':
      return nodes(query);
    case 'events':
      return events(query);
    case 'versions':
      return versions(query);
    case undefined:
      throw new CommandFailure(
        'usage',
        'What shall be shown? `behest api-resources` lists the types.',
      );
  }
}

interface Query {
  readonly context: CommandContext;
  readonly names: readonly string[];
  readonly options: FetchOptions;
}

/** Those named, or all; not found is an error unless it is to be ignored. */
async function load<T>(
  { names, options }: Query,
  one: (name: string) => Promise<T>,
  all: () => Promise<T[]>,
): Promise<T[]> {
  if (names.length === 0) return all();
  const found = await Promise.all(
    names.map((name) =>
      one(name).catch((error: unknown) => {
        const isMissing = error instanceof ConnectError && error.code === Code.NotFound;
        if (isMissing && options.ignoreNotFound === true) return null;
        throw error;
      }),
    ),
  );
  return found.filter((each) => each !== null);
}

/** A name says which object only together with its namespace. */
function needNamespace({ context, names }: Query): void {
  if (context.namespace !== '-' || names.length === 0) return;
  throw new CommandFailure('usage', 'A name is of one namespace: say -n NAMESPACE in place of -A.');
}

async function workflows(query: Query): Promise<Listing<DescMessage>> {
  needNamespace(query);
  const { clients, namespace, options, terminal } = query.context;
  const one = (workflowId: string) => clients.workflows.getWorkflow({ workflowId, namespace });
  const items = await load(query, one, () =>
    listAll(async (pageToken) => {
      const labelSelector = options.selector ?? '';
      const page = await clients.workflows.listWorkflows({ namespace, labelSelector, pageToken });
      return { items: page.workflows, next: page.nextPageToken };
    }),
  );
  return listing(query, {
    desc: WorkflowSchema,
    items,
    columns: withNamespace(query, workflowColumns(terminal.now())),
    name: (each) => `workflow/${each.id}`,
  });
}

async function runs(query: Query): Promise<Listing<DescMessage>> {
  const { clients, namespace, options, terminal } = query.context;
  const one = async (name: string) =>
    clients.runs.getRun({ runId: await resolveRunId(query.context, name) });
  const status = query.options.status === undefined ? [] : [statusNumber(query.options.status)];
  const items = await load(query, one, () =>
    listAll(async (pageToken) => {
      const page = await clients.runs.listRuns({
        namespace,
        labelSelector: options.selector ?? '',
        workflowId: query.options.workflow ?? '',
        status,
        pageToken,
      });
      return { items: page.runs, next: page.nextPageToken };
    }, query.options.limit ?? 100),
  );
  return listing(query, {
    desc: RunSchema,
    items,
    columns: withNamespace(query, runColumns(terminal.now())),
    name: (each) => `run/${each.id}`,
  });
}

async function sources(query: Query): Promise<Listing<DescMessage>> {
  const { clients, terminal } = query.context;
  const one = (name: string) => clients.sources.getSource({ name });
  const items = await load(query, one, async () => (await clients.sources.listSources({})).sources);
  const columns = sourceColumns(terminal.now());
  return listing(query, {
    desc: SourceSchema,
    items,
    columns,
    name: (each) => `source/${each.name}`,
  });
}

async function nodes(query: Query): Promise<Listing<DescMessage>> {
  const { clients } = query.context;
  const one = (nodeType: string) => clients.nodes.getNodeType({ nodeType });
  const items = await load(query, one, async () => (await clients.nodes.listNodeTypes({})).nodes);
  const name = (each: { type: string }) => `node/${each.type}`;
  return listing(query, { desc: NodeTypeSchema, items, columns: nodeColumns(), name });
}

async function events(query: Query): Promise<Listing<DescMessage>> {
  const { clients, namespace, terminal } = query.context;
  const { limit = 100 } = query.options;
  const of = {
    name: query.names[0] ?? '',
    namespace: namespace === '-' ? '' : namespace,
    pageSize: Math.min(1000, limit),
  };
  const items = await listAll(async (pageToken) => {
    const page = await clients.sources.listEvents({ ...of, pageToken });
    return { items: page.events, next: page.nextPageToken };
  }, limit);
  const columns = eventColumns(terminal.now());
  return listing(query, { desc: EventSchema, items, columns, name: (each) => `event/${each.id}` });
}

async function versions(query: Query): Promise<Listing<DescMessage>> {
  needNamespace(query);
  const { clients, namespace, terminal } = query.context;
  const [workflowId] = query.names;
  if (workflowId === undefined) {
    throw new CommandFailure('usage', 'Whose versions? `behest get versions WORKFLOW`.');
  }
  const items = await listAll(async (pageToken) => {
    const page = await clients.workflows.listVersions({ workflowId, namespace, pageToken });
    return { items: page.versions, next: page.nextPageToken };
  });
  return listing(query, {
    desc: WorkflowVersionSchema,
    items,
    columns: versionColumns(terminal.now()),
    name: (each) => `version/${each.workflowId}/${each.number}`,
  });
}

function listing<D extends DescMessage>(
  { names }: Query,
  parts: Omit<Listing<D>, 'isSingle'>,
): Listing<DescMessage> {
  // The parts agree with each other by D; whoever prints them needs only that they do.
  return { ...parts, isSingle: names.length === 1 } as unknown as Listing<DescMessage>;
}

function withNamespace<C extends { readonly title: string; readonly isWide?: boolean }>(
  { context }: Query,
  columns: readonly C[],
): C[] {
  const isShown = context.namespace === '-';
  return columns.map((each) =>
    isShown && each.title === 'NAMESPACE' ? { ...each, isWide: false } : each,
  );
}

function statusNumber(word: string): RunStatus {
  const words = RunStatusSchema.values.map(({ number }) => enumText(RunStatusSchema, number));
  // The numbers of the words are their places: the enum has no gaps.
  const at = words.indexOf(word);
  if (at > 0) return at as RunStatus;
  throw new CommandFailure(
    'usage',
    `--status ${word}: expected one of ${words.slice(1).join(', ')}.`,
  );
}
