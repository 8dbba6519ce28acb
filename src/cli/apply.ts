import {
  AppliedObjectSchema,
  AppliedObject_ActionSchema,
} from '../gen/behest/v1/workflow_service_pb.ts';
import type { AppliedObject } from '../gen/behest/v1/workflow_service_pb.ts';
import { apiJson, enumText } from './api-json.ts';
import type { Resource } from '../manifest/read.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { type LocalManifests, readFiles } from './read-files.ts';
import { showProblems } from './show-problems.ts';
import { statusColor } from './terminal.ts';

export interface ApplyOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
}

/** `behest apply -f …`: nothing is sent before all of it is valid. */
export async function apply(context: CommandContext, options: ApplyOptions): Promise<void> {
  const read: LocalManifests[] = [];
  for (const path of options.filename) read.push(await readFiles(path, context));
  const problems = read.flatMap((each) => each.problems);
  const { paint, terminal } = context;
  terminal.err(showProblems(problems, { root: '', paint }));
  if (problems.some(({ severity }) => severity === 'error')) {
    throw new CommandFailure('invalid', 'Nothing was applied.');
  }
  const sendings = read.flatMap(sendingsOf);
  if (sendings.length === 0) throw new CommandFailure('invalid', 'There is no manifest to apply.');
  const applied: AppliedObject[] = [];
  for (const { file, text, carried } of sendings) {
    const { clients, namespace } = context;
    const validateOnly = options.dryRun === true;
    const request = { text, file, files: carried, namespace, validateOnly };
    const answer = await clients.workflows.applyManifest(request);
    answer.warnings.forEach((warning) => terminal.err(`warning: ${warning}\n`));
    answer.objects.forEach((object) => showApplied(context, object, options));
    applied.push(...answer.objects);
  }
  if (context.options.output !== 'json') return;
  const items = applied.map((object) => apiJson(AppliedObjectSchema, object));
  terminal.out(`${JSON.stringify({ kind: 'List', items }, null, 2)}\n`);
}

interface Sending {
  readonly file: string;
  readonly text: string;
  /** What its workflows refer to, by paths relative to it. */
  readonly carried: { [path: string]: Uint8Array };
  readonly isOnlyRuns: boolean;
}

/** Each file once, those with workflows before those that only start runs of them. */
function sendingsOf({ resources, files }: LocalManifests): Sending[] {
  const byFile = Object.groupBy(resources, ({ file }) => file);
  return Object.entries(byFile)
    .map(([file, declared = []]) => ({
      file,
      text: Buffer.from(files.get(file) ?? []).toString('utf8'),
      carried: Object.fromEntries(declared.flatMap((each) => referred(each, files))),
      isOnlyRuns: declared.every(({ kind }) => kind === 'Run'),
    }))
    .toSorted((a, b) => Number(a.isOnlyRuns) - Number(b.isOnlyRuns));
}

function referred(resource: Resource, files: LocalManifests['files']): [string, Uint8Array][] {
  if (resource.kind !== 'Workflow') return [];
  const { graph, folder } = resource;
  return Object.keys(graph.files).flatMap((path) => {
    const bytes = files.get(folder === '' ? path : `${folder}/${path}`);
    return bytes === undefined ? [] : [[path, bytes] as [string, Uint8Array]];
  });
}

function showApplied(
  { terminal, paint, options }: CommandContext,
  { kind, name, action, version, runId }: AppliedObject,
  { dryRun }: ApplyOptions,
): void {
  if (options.output === 'json') return;
  const object = `${kind.toLowerCase()}/${name}`;
  if (options.output === 'name') return terminal.out(`${object}\n`);
  const word = enumText(AppliedObject_ActionSchema, action);
  const details = [
    version > 0 ? `version ${version}` : '',
    runId === '' ? '' : `run/${runId}`,
    dryRun === true ? '(dry run)' : '',
  ].filter((part) => part !== '');
  terminal.out(`${object} ${paint(statusColor(word), word)} ${details.join(' ')}`.trimEnd() + '\n');
}
