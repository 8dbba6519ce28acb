import type { JsonObject } from '../expr/json.ts';
import { completeInput } from '../manifest/complete-input.ts';
import type { ReadResult, RunResource } from '../manifest/read.ts';
import type { FileProblem } from '../record/source.ts';
import type { Ledger } from './ports.ts';

/** The input schema of a workflow; undefined when there is no such workflow. */
type SchemaOf = (key: string) => JsonObject | null | undefined;

/**
 * Checks what only the ledger can tell of Run manifests: that the workflow is there, in this
 * revision or before, and that the input obeys its schema. The schema's defaults are filled in.
 */
export async function checkRuns(ledger: Ledger, read: ReadResult): Promise<ReadResult> {
  const runs = read.resources.filter((each) => each.kind === 'Run');
  if (runs.length === 0) return read;
  const schemaOf = await schemas(ledger, read, runs);
  const problems = runs.flatMap((run) => problemsOf(run, schemaOf));
  const badFiles = new Set([...read.badFiles, ...problems.map(({ file }) => file)]);
  const resources = read.resources
    .filter(({ file }) => !badFiles.has(file))
    .map((each) => (each.kind === 'Run' ? complete(each, schemaOf) : each));
  return { resources, problems: [...read.problems, ...problems], badFiles };
}

async function schemas(
  ledger: Ledger,
  read: ReadResult,
  runs: readonly RunResource[],
): Promise<SchemaOf> {
  const known = new Map<string, JsonObject | null>();
  for (const each of read.resources) {
    if (each.kind === 'Workflow') known.set(`${each.namespace}/${each.name}`, each.graph.input);
  }
  const open = runs.filter((run) => !known.has(keyOf(run)));
  if (open.length > 0) {
    const refs = open.map(({ namespace, workflow: name }) => ({ namespace, name }));
    const found = await ledger.findWorkflows(refs);
    const versions = await ledger.loadVersions(found.map(({ versionId }) => versionId));
    for (const { namespace, workflow, graph } of versions) {
      known.set(`${namespace}/${workflow}`, graph.input);
    }
  }
  return (key) => known.get(key);
}

function keyOf({ namespace, workflow }: RunResource): string {
  return `${namespace}/${workflow}`;
}

function problemsOf(run: RunResource, schemaOf: SchemaOf): FileProblem[] {
  const { file, line, column } = run;
  const place = { file, line, column, severity: 'error', frame: '' } as const;
  const schema = schemaOf(keyOf(run));
  if (schema === undefined) {
    const message = `Run "${run.name}" names workflow "${run.workflow}", which does not exist in namespace "${run.namespace}".`;
    const hint = 'Declare the workflow in this source, or correct the name.';
    return [{ ...place, code: 'unknown-workflow', message, hint }];
  }
  return completeInput(schema, run.input).problems.map(({ pointer, message }) => ({
    ...place,
    code: 'bad-input',
    message: `The input of run "${run.name}" does not fit workflow "${run.workflow}": spec.input${pointer} ${message}.`,
    hint: `\`behest get workflow ${run.workflow} -o yaml\` shows the schema.`,
  }));
}

/** By run as it was read: the same one again for the same schema. */
const completed = new WeakMap<RunResource, { schema: JsonObject | null; run: RunResource }>();

function complete(run: RunResource, schemaOf: SchemaOf): RunResource {
  const schema = schemaOf(keyOf(run)) ?? null;
  const before = completed.get(run);
  if (before?.schema === schema) return before.run;
  const made = { ...run, input: completeInput(schema, run.input).input };
  completed.set(run, { schema, run: made });
  return made;
}
