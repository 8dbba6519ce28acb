import type { Terminal } from '../../src/cli/terminal.ts';
import { runCommandLine } from '../../src/cli/program.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface FakeTerminal extends Terminal {
  readonly written: { out: string; err: string };
  interrupt(): void;
}

export function fakeTerminal(parts: Partial<Terminal> = {}): FakeTerminal {
  const written = { out: '', err: '' };
  const handlers = new Set<() => void>();
  return {
    environment: {},
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    readStdin: () => Promise.resolve(''),
    isInteractive: false,
    isProgressLive: false,
    columns: 80,
    now: () => Date.parse('2026-01-01T01:00:00Z'),
    ask: () => Promise.resolve(null),
    onInterrupt: (handler) => {
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    written,
    interrupt: () => handlers.forEach((handler) => handler()),
    ...parts,
  };
}

const silent = () => Promise.resolve();
const servers = { up: silent, controller: silent, api: silent, runner: silent };

/** Runs one command line as a shell would, and gives what it said. */
export async function behest(
  args: readonly string[],
  terminal: FakeTerminal = fakeTerminal(),
): Promise<Outcome> {
  const argv = ['node', 'behest', ...args];
  const code = await runCommandLine(argv, { servers, terminal, version: '1.2.3' });
  return { code, ...terminal.written };
}
