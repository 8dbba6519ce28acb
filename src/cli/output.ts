import type { HttpBody } from '../gen/google/api/httpbody_pb.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { resolveRunId } from './resolve-run-id.ts';

export interface OutputOptions {
  readonly input?: boolean;
  readonly item?: number;
}

/** `behest output RUN [STEP]`: all of it, also what is too large for other answers. */
export async function output(
  context: CommandContext,
  { run, step }: { readonly run: string; readonly step: string | undefined },
  options: OutputOptions,
): Promise<void> {
  const { clients, terminal } = context;
  const runId = await resolveRunId(context, run);
  if (options.input !== true) {
    const item = options.item === undefined ? {} : { item: options.item };
    const body = await clients.runs.getOutput({ runId, step: step ?? '', ...item });
    return terminal.out(jsonText(body));
  }
  if (step !== undefined || options.item !== undefined) {
    throw new CommandFailure('usage', '--input is the input of the run: give no step or item.');
  }
  terminal.out(jsonText(await clients.runs.getInput({ runId })));
}

/** The content of an output, indented. */
export function jsonText({ data }: HttpBody): string {
  return `${JSON.stringify(JSON.parse(Buffer.from(data).toString()), null, 2)}\n`;
}
