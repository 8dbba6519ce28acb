import type { CommandContext } from './command-context.ts';
import { resolveRunId } from './resolve-run-id.ts';

/** `behest cancel RUN…`. */
export async function cancel(
  context: CommandContext,
  words: readonly string[],
  { reason }: { readonly reason?: string },
): Promise<void> {
  for (const word of words) {
    const runId = await resolveRunId(context, word);
    const answer = await context.clients.runs.cancel({ runId, reason: reason ?? '' });
    context.terminal.out(`run/${answer.jobId} cancelled\n`);
  }
}
