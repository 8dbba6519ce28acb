import { Code, ConnectError } from '@connectrpc/connect';

import type { JsonObject } from '../expr/json.ts';
import type { Workflow } from '../gen/behest/v1/workflow_pb.ts';
import type { Resource, WorkflowResource } from '../manifest/read.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { type JsonChange, jsonChanges } from './json-changes.ts';
import { listAll } from './list-all.ts';
import { readFiles } from './read-files.ts';
import { showProblems } from './show-problems.ts';

interface Difference {
  readonly object: string;
  readonly action: 'create' | 'change' | 'start';
  readonly changes: readonly JsonChange[];
}

/** `behest diff -f …`: what applying would change, and which runs it would start. */
export async function diff(
  context: CommandContext,
  { filename }: { readonly filename: readonly string[] },
): Promise<void> {
  const { terminal, paint, options } = context;
  const differences: Difference[] = [];
  for (const path of filename) {
    const { resources, problems } = await readFiles(path, context);
    const errors = problems.filter(({ severity }) => severity === 'error');
    terminal.err(showProblems(errors, { root: '', paint }));
    if (errors.length > 0) throw new CommandFailure('invalid', 'Nothing was compared.');
    for (const resource of resources) differences.push(...(await compare(context, resource)));
  }
  if (options.output === 'json') {
    terminal.out(`${JSON.stringify({ kind: 'List', items: differences }, null, 2)}\n`);
  } else {
    differences.forEach((each) => show(context, each));
  }
  // Exit code 1 is how `diff` says that something differs.
  if (differences.length > 0) throw new CommandFailure('failed');
}

async function compare(context: CommandContext, resource: Resource): Promise<Difference[]> {
  const object = `${resource.kind.toLowerCase()}/${resource.name}`;
  if (resource.kind === 'Run') return runDifference(context, object, resource.namespace);
  const stored = await find(context, resource);
  if (stored?.digest === resource.digest) return [];
  const before = (stored?.manifest ?? {}) as JsonObject;
  const changes = stored === null ? [] : jsonChanges(before, resource.manifest);
  const found: Difference[] = [{ object, action: stored === null ? 'create' : 'change', changes }];
  if (resource.graph.applyTrigger !== null) found.push({ object, action: 'start', changes: [] });
  return found;
}

/** Runs among which that of a manifest is looked for. */
const NEWEST = 1000;

/** A Run manifest starts a run unless the run that it declared is there. */
async function runDifference(
  { clients }: CommandContext,
  object: string,
  namespace: string,
): Promise<Difference[]> {
  const name = object.slice('run/'.length);
  const newest = await listAll(async (pageToken) => {
    const page = await clients.runs.listRuns({ namespace, pageSize: NEWEST, pageToken });
    return { items: page.runs, next: page.nextPageToken };
  }, NEWEST);
  const isThere = newest.some(({ cause }) => cause?.kind === 'manifest' && cause.name === name);
  return isThere ? [] : [{ object, action: 'start', changes: [] }];
}

async function find(
  { clients }: CommandContext,
  { name, namespace }: WorkflowResource,
): Promise<Workflow | null> {
  try {
    return await clients.workflows.getWorkflow({ workflowId: name, namespace });
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) return null;
    throw error;
  }
}

const words = { create: 'would be created', change: 'would change', start: 'would start a run' };

function show({ terminal, paint }: CommandContext, { object, action, changes }: Difference): void {
  terminal.out(`${paint('bold', object)} ${words[action]}\n`);
  if (action === 'change' && changes.length === 0) {
    terminal.out('  only the content of files it refers to\n');
  }
  for (const { path, before, after } of changes) {
    if (before !== undefined)
      terminal.out(paint('red', `  - ${path}: ${JSON.stringify(before)}\n`));
    if (after !== undefined)
      terminal.out(paint('green', `  + ${path}: ${JSON.stringify(after)}\n`));
  }
}
