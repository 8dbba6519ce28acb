import { runCommandLine } from '../cli/program.ts';
import { processTerminal } from './process-terminal.ts';
import { programVersion } from './program-version.ts';

type Roles = typeof import('./roles.ts');

/** The servers are loaded only when they are asked for, so that the other verbs start at once. */
function role(name: keyof Roles): () => Promise<void> {
  return async () => {
    const roles = await import('./roles.ts');
    await roles[name]();
  };
}

const servers = {
  up: role('up'),
  controller: role('controller'),
  api: role('api'),
  runner: role('runner'),
};
const terminal = processTerminal();
try {
  const version = programVersion();
  process.exitCode = await runCommandLine(process.argv, { servers, terminal, version });
} catch (error) {
  // By its name: its module would load all that the settings know of before any verb.
  if (!(error instanceof Error) || error.name !== 'SettingsError') throw error;
  terminal.err(`behest: ${error.message}\n`);
  process.exitCode = 2;
}
