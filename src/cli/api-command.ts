import { type Command, Option } from 'commander';

import type { CommandContext, GlobalOptions } from './command-context.ts';
import { CommandFailure, type ExitName } from './exit-code.ts';
import { type Terminal, painter } from './terminal.ts';

export interface ApiCommand {
  /** As commander reads it: `get <type> [names...]`. */
  readonly usage: string;
  readonly about: string;
  readonly examples: readonly string[];
}

const formats = ['table', 'wide', 'name', 'json', 'yaml'];

/** A verb that talks to the API, with the options that all of these share. */
export function apiCommand(program: Command, { usage, about, examples }: ApiCommand): Command {
  const example = `\nExamples:\n${examples.map((line) => `  ${line}\n`).join('')}`;
  return program
    .command(usage)
    .description(about)
    .option('-n, --namespace <name>', 'namespace to work in ($BEHEST_NAMESPACE, else default)')
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(formats))
    .option('--server <url>', 'server ($BEHEST_SERVER, else http://127.0.0.1:8080)')
    .option('--token-file <path>', 'file with the token ($BEHEST_TOKEN, else the local one)')
    .addHelpText('after', example);
}

/** Options of verbs that list. */
export function listOptions(command: Command): Command {
  return command
    .option('-A, --all-namespaces', 'all namespaces')
    .option('-l, --selector <terms>', 'labels: a=b,c!=d,e,!f')
    .option('--no-headers', 'leave out the titles of the table')
    .option('--sort-by <field>', 'field of the JSON form, such as created_at');
}

/** Connects, runs the verb, and turns what the server refuses into an exit code. */
export async function withServer(
  terminal: Terminal,
  options: GlobalOptions,
  verb: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const [{ connect, explainRefusal }, { ConnectError }] = await Promise.all([
    import('./client.ts'),
    import('@connectrpc/connect'),
  ]);
  const clients = connect(options, terminal);
  const given = options.namespace ?? terminal.environment['BEHEST_NAMESPACE'] ?? '';
  const namespace = options.allNamespaces === true ? '-' : given === '' ? 'default' : given;
  try {
    await verb({ clients, terminal, paint: painter(terminal), options, namespace });
  } catch (error) {
    throw error instanceof ConnectError ? explainRefusal(error, clients.server) : error;
  }
}

/** `diff` keeps 1 for a difference: whatever else goes wrong is 2. */
export async function asDiff(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const exit: ExitName = error.exit === 'failed' && error.message === '' ? 'failed' : 'usage';
    throw new CommandFailure(exit, error.message);
  }
}
