import { Command, CommanderError } from 'commander';

import { addObjectVerbs } from './object-verbs.ts';
import { addOfflineVerbs } from './offline-verbs.ts';
import { CommandFailure, exitCodes } from './exit-code.ts';
import { addRunVerbs } from './run-verbs.ts';
import type { Terminal } from './terminal.ts';

/** What main starts; each answers when the server has ended. */
export interface Servers {
  up(): Promise<void>;
  controller(): Promise<void>;
  api(): Promise<void>;
  runner(): Promise<void>;
}

export interface ProgramOptions {
  readonly servers: Servers;
  readonly terminal: Terminal;
  readonly version: string;
}

/** The command line. Verbs are loaded when they run, so that the program starts at once. */
export function createProgram(options: ProgramOptions): Command {
  const { terminal, version } = options;
  const program = new Command('behest')
    .description('Declarative workflows: commit manifests, get durable runs.')
    .version(version, '-V, --version', 'print the version')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(--help tells more)')
    .enablePositionalOptions();
  addServers(program, options.servers);
  addObjectVerbs(program, terminal);
  addRunVerbs(program, terminal);
  addOfflineVerbs(program, { terminal, version });
  return program;
}

/** Runs the command line and gives its exit code; every failure has been told by then. */
export async function runCommandLine(
  argv: readonly string[],
  options: ProgramOptions,
): Promise<number> {
  try {
    await createProgram(options).parseAsync(argv);
    return exitCodes.ok.code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
    }
    if (!(error instanceof CommandFailure)) throw error;
    if (error.message !== '') options.terminal.err(`behest: ${error.message}\n`);
    return exitCodes[error.exit].code;
  }
}

function addServers(program: Command, servers: Servers): void {
  const settings = '\nSettings come from the environment and .env: docs/operations/settings.md.\n';
  const roles = {
    up: 'run everything in one process',
    controller: 'run a controller (needs DATABASE_URL and NATS_URL)',
    api: 'run the API (needs DATABASE_URL and NATS_URL)',
    runner: 'run a runner (needs NATS_URL)',
  } as const;
  for (const name of ['up', 'controller', 'api', 'runner'] as const) {
    program
      .command(name)
      .description(roles[name])
      .helpGroup('Servers:')
      .addHelpText('after', `\nExample:\n  behest ${name}\n${settings}`)
      .action(() => servers[name]());
  }
}
