import { serverUrl } from './client.ts';
import type { Terminal } from './terminal.ts';

export interface VersionOptions {
  readonly client?: boolean;
  readonly server?: string;
}

/** How long a server may take to tell its version, ms. */
const patienceMs = 2000;

/** `behest version`: a server that does not answer is no failure, for it was not needed. */
export async function printVersion(
  terminal: Terminal,
  version: string,
  options: VersionOptions,
): Promise<void> {
  terminal.out(`behest ${version}\n`);
  if (options.client === true) return;
  const server = serverUrl(options, terminal);
  const found = await versionOf(server);
  if (found === null) return terminal.err(`no server answers at ${server}\n`);
  terminal.out(`server ${found} at ${server}\n`);
  if (found === version) return;
  terminal.err("warning: the two differ; use the command line of the server's version.\n");
}

async function versionOf(server: string): Promise<string | null> {
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const answer = await fetch(new URL('/health', server), { signal });
    const health: unknown = await answer.json();
    const isHealth = typeof health === 'object' && health !== null && 'version' in health;
    return isHealth ? String(health.version) : null;
  } catch {
    // Unreachable, late or not a Behest: the same to whoever only asks for versions.
    return null;
  }
}
