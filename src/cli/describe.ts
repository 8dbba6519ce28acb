import type { DescMessage } from '@bufbuild/protobuf';
import { stringify } from 'yaml';

import { type Run, RunSchema } from '../gen/behest/v1/run_pb.ts';
import { type Source, SourceSchema } from '../gen/behest/v1/source_pb.ts';
import { type Workflow, WorkflowSchema } from '../gen/behest/v1/workflow_pb.ts';
import { apiJson } from './api-json.ts';
import { eventColumns, runColumns, stepColumns } from './columns.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { fetchListing } from './fetch-listing.ts';
import { type Target, parseTargets } from './resource-type.ts';
import { type Column, safeText, table } from './table.ts';

/** `behest describe TYPE NAME…`: all there is to know of an object, with its events. */
export async function describe(context: CommandContext, words: readonly string[]): Promise<void> {
  const texts: string[] = [];
  for (const target of parseTargets(words)) {
    if (target.name === null) throw new CommandFailure('usage', 'Name what is to be described.');
    texts.push(await describeOne(context, target));
  }
  context.terminal.out(texts.join('\n---\n'));
}

async function describeOne(context: CommandContext, target: Target): Promise<string> {
  const { desc, items } = await fetchListing(context, [target], {});
  const [item] = items;
  if (item === undefined)
    throw new CommandFailure('notFound', `${target.name ?? ''} does not exist.`);
  switch (desc.typeName) {
    case RunSchema.typeName:
      return describeRun(context, item as Run);
    case WorkflowSchema.typeName:
      return describeWorkflow(context, item as Workflow);
    case SourceSchema.typeName:
      return describeSource(context, item as Source);
    default:
      return fields(desc, item, []);
  }
}

/** An object's plain fields as YAML; the rest comes as tables below. */
function fields<D extends DescMessage>(
  desc: D,
  item: Parameters<typeof apiJson<D>>[1],
  without: readonly string[],
): string {
  const json = apiJson(desc, item);
  const kept = Object.entries(json ?? {}).filter(([key]) => !without.includes(key));
  return safeText(stringify(Object.fromEntries(kept)));
}

function section<T>(
  { paint }: CommandContext,
  title: string,
  rows: { readonly items: readonly T[]; readonly columns: readonly Column<T>[] },
): string {
  if (rows.items.length === 0) return '';
  const text = table(rows.items, rows.columns, { isWide: true, hasHeaders: true, paint });
  return `\n${paint('bold', title)}\n${text}`;
}

async function describeRun(context: CommandContext, run: Run): Promise<string> {
  const columns = stepColumns(context.terminal.now());
  const steps = section(context, 'Steps', { items: run.steps, columns });
  return fields(RunSchema, run, ['steps']) + steps + (await events(context, 'Run', run.id));
}

async function describeWorkflow(context: CommandContext, workflow: Workflow): Promise<string> {
  const steps = section(context, 'Steps', {
    items: workflow.steps,
    columns: [
      { title: 'PHASE', cell: (each) => each.phase },
      { title: 'STEP', cell: (each) => each.id },
      { title: 'TYPE', cell: (each) => each.type },
      {
        title: 'NEEDS',
        cell: (each) =>
          each.needs
            .map(({ stepId, branch }) => (branch === '' ? stepId : `${stepId}[${branch}]`))
            .join(', '),
      },
    ],
  });
  const plain = fields(WorkflowSchema, workflow, ['steps', 'phases', 'manifest']);
  const { id: workflowId, namespace } = workflow;
  const { runs } = await context.clients.runs.listRuns({ workflowId, namespace, pageSize: 5 });
  const columns = runColumns(context.terminal.now()).filter(({ isWide }) => isWide !== true);
  const newest = section(context, 'Newest runs', { items: runs, columns });
  return plain + steps + newest + (await events(context, 'Workflow', workflowId));
}

async function describeSource(context: CommandContext, source: Source): Promise<string> {
  const inventory = section(context, 'Inventory', {
    items: source.inventory,
    columns: [
      { title: 'OBJECT', cell: (each) => `${each.kind.toLowerCase()}/${each.name}` },
      { title: 'NAMESPACE', cell: (each) => each.namespace },
      { title: 'FILE', cell: (each) => each.file },
    ],
  });
  const problems = source.problems
    .map((each) => `\n${each.file}:${each.line}:${each.column} ${each.message}\n${each.frame}\n`)
    .join('');
  const plain = fields(SourceSchema, source, ['inventory', 'problems']);
  return plain + inventory + safeText(problems) + (await events(context, 'Source', source.name));
}

async function events(context: CommandContext, kind: string, name: string): Promise<string> {
  const { events: items } = await context.clients.sources.listEvents({ kind, name, pageSize: 20 });
  return section(context, 'Events', { items, columns: eventColumns(context.terminal.now()) });
}
