import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';

/** A run's id as it was given (`run/ID` too), or the newest run's for `@latest`. */
export async function resolveRunId(context: CommandContext, word: string): Promise<string> {
  const name = word.replace(/^(runs?|jobs?)\//, '');
  if (name !== '@latest') {
    if (name.length >= 8) return name;
    throw new CommandFailure(
      'usage',
      `${name} is no run id: give at least its first 8 characters.`,
    );
  }
  const { clients, namespace } = context;
  const { runs } = await clients.runs.listRuns({
    namespace,
    pageSize: 1,
    orderBy: 'created_at desc',
  });
  const [newest] = runs;
  if (newest !== undefined) return newest.id;
  throw new CommandFailure('notFound', `there is no run in namespace ${namespace} yet.`);
}
