import type { JsonValue } from '@bufbuild/protobuf';
import { fromJson, toJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';

import { RunSchema, type Run } from '../gen/behest/v1/run_pb.ts';
import { runColumns } from './columns.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { endOf, followRun } from './follow-run.ts';
import { jsonText } from './output.ts';
import { openProgress } from './progress.ts';
import { print } from './print.ts';
import { readDocument } from './read-document.ts';
import { resolveRunId } from './resolve-run-id.ts';

export interface WaitOptions {
  readonly watch?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
}

export interface RunOptions extends WaitOptions {
  readonly input?: readonly string[];
  readonly inputFile?: string;
  readonly label?: readonly string[];
  readonly version?: number;
  readonly idempotencyKey?: string;
}

/** `behest run WORKFLOW`: starts a run, and waits for it where asked to. */
export async function run(
  context: CommandContext,
  workflow: string,
  options: RunOptions,
): Promise<void> {
  const { clients, namespace } = context;
  const input = await readInput(context, options);
  const answer = await clients.runs.execute({
    workflowId: workflow.replace(/^(workflows?|wf)\//, ''),
    namespace,
    input: fromJson(ValueSchema, input),
    labels: Object.fromEntries((options.label ?? []).map((each) => keyValue(each, '--label'))),
    version: options.version ?? 0,
    idempotencyKey: options.idempotencyKey ?? '',
  });
  await afterStart(context, answer.jobId, { ...options, did: 'started' });
}

/** `behest watch RUN` and `behest wait RUN`. */
export async function watch(
  context: CommandContext,
  word: string,
  options: WaitOptions,
): Promise<void> {
  await waitFor(context, await resolveRunId(context, word), options);
}

export async function afterStart(
  context: CommandContext,
  runId: string,
  options: WaitOptions & { readonly did: 'started' | 'retried' },
): Promise<void> {
  const { terminal, clients } = context;
  if (options.watch === true || options.wait === true) {
    terminal.err(`run/${runId} ${options.did}\n`);
    return waitFor(context, runId, options);
  }
  const { output } = context.options;
  if (output === undefined || output === 'table' || output === 'name') {
    terminal.out(`run/${runId}\n`);
    if (output !== 'name') terminal.err(`Watch it: behest watch ${runId}\n`);
    return;
  }
  printRun(context, await clients.runs.getRun({ runId }));
}

/** Progress goes to `err`; the result, when it is one, to `out`. */
async function waitFor(
  context: CommandContext,
  runId: string,
  { watch: isWatched, timeout }: WaitOptions,
): Promise<void> {
  const { clients, terminal, paint, options } = context;
  const before = await clients.runs.getRun({ runId });
  const progress = isWatched === true ? openProgress(before, terminal, paint) : null;
  const ended = await followRun(context, before.id, {
    onEvent: (event) => progress?.show(event),
    timeoutMs: timeout ?? null,
  });
  progress?.end();
  const failure = endOf(ended);
  const isMachine = options.output === 'json' || options.output === 'yaml';
  if (isMachine || options.output === 'name') printRun(context, ended);
  else if (failure === null) terminal.out(await outputText(context, ended));
  if (failure !== null) throw failure;
}

async function outputText({ clients }: CommandContext, run: Run): Promise<string> {
  if (run.outputOmitted === true) return jsonText(await clients.runs.getOutput({ runId: run.id }));
  const { output } = run;
  return `${JSON.stringify(output === undefined ? null : toJson(ValueSchema, output), null, 2)}\n`;
}

function printRun(context: CommandContext, ended: Run): void {
  const columns = runColumns(context.terminal.now());
  const name = (each: Run) => `run/${each.id}`;
  print(context, { desc: RunSchema, items: [ended], columns, name, isSingle: true });
}

/** `-i key=value` over the file: JSON where it parses, else text. */
async function readInput(
  { terminal }: CommandContext,
  { input = [], inputFile }: RunOptions,
): Promise<JsonValue> {
  const base = inputFile === undefined ? {} : await readDocument(terminal, inputFile);
  if (input.length === 0) return base;
  if (typeof base !== 'object' || base === null || Array.isArray(base)) {
    throw new CommandFailure('usage', `${inputFile ?? ''} holds no object for -i to add to.`);
  }
  const given = input.map((each) => {
    const [key, value] = keyValue(each, '--input');
    return [key, jsonOrText(value)];
  });
  return { ...base, ...(Object.fromEntries(given) as { [key: string]: JsonValue }) };
}

function keyValue(text: string, option: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CommandFailure('usage', `${option} ${text}: expected key=value.`);
}

function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
