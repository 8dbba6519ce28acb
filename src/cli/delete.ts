import { Code, ConnectError } from '@connectrpc/connect';

import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';
import { parseTargets } from './resource-type.ts';

export interface DeleteOptions {
  readonly yes?: boolean;
  readonly ignoreNotFound?: boolean;
}

/** `behest delete workflow NAME…`: no new runs; running ones end, and the history stays. */
export async function deleteObjects(
  context: CommandContext,
  words: readonly string[],
  options: DeleteOptions,
): Promise<void> {
  const { terminal } = context;
  const names = parseTargets(words).map(({ type, name }) => {
    if (type !== 'workflows') {
      throw new CommandFailure('usage', `${type} cannot be deleted. To stop a run: behest cancel.`);
    }
    if (name === null) throw new CommandFailure('usage', 'Name what is to be deleted.');
    return name;
  });
  if (options.yes !== true) await confirm(context, names);
  for (const workflowId of names) {
    const answer = await remove(context, workflowId, options);
    if (answer === null) continue;
    answer.warnings.forEach((warning) => terminal.err(`warning: ${warning}\n`));
    terminal.out(`workflow/${answer.id} deleted\n`);
  }
}

async function confirm({ terminal }: CommandContext, names: readonly string[]): Promise<void> {
  const answer = await terminal.ask(`Delete ${names.join(', ')}? [y/N] `);
  if (answer === null) {
    throw new CommandFailure('usage', 'Nobody is here to confirm it. Say --yes in a script.');
  }
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('failed', 'Nothing was deleted.');
}

async function remove(
  { clients, namespace }: CommandContext,
  workflowId: string,
  { ignoreNotFound }: DeleteOptions,
) {
  try {
    return await clients.workflows.deleteWorkflow({ workflowId, namespace });
  } catch (error) {
    const isMissing = error instanceof ConnectError && error.code === Code.NotFound;
    if (isMissing && ignoreNotFound === true) return null;
    throw error;
  }
}
