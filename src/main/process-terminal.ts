import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';

import type { Terminal } from '../cli/terminal.ts';
import { loadEnvironment } from './load-environment.ts';

/** The terminal that this process was started from. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // `behest get runs | head` closes the pipe early, and there is nobody left to write for.
  stdout.on('error', (error: Error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    environment: loadEnvironment(process.env),
    out: (line) => void stdout.write(line),
    err: (line) => void stderr.write(line),
    readStdin: () => text(stdin),
    isInteractive: stdout.isTTY,
    isProgressLive: stderr.isTTY,
    columns: stderr.columns ?? 80,
    now: Date.now,
    ask: async (question) => {
      if (!stdin.isTTY || !stderr.isTTY) return null;
      using lines = createInterface({ input: stdin, output: stderr });
      return await lines.question(question);
    },
    onInterrupt: (handler) => {
      process.once('SIGINT', handler);
      return () => void process.off('SIGINT', handler);
    },
  };
}
