import { readFile } from 'node:fs/promises';

import type { JsonValue } from '@bufbuild/protobuf';
import { parse } from 'yaml';

import { CommandFailure } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** The YAML or JSON of `--input-file PATH`; `-` is standard input. */
export async function readDocument(terminal: Terminal, path: string): Promise<JsonValue> {
  try {
    const text = path === '-' ? await terminal.readStdin() : await readFile(path, 'utf8');
    return parse(text) as JsonValue;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure('usage', `--input-file ${path}: ${message}`);
  }
}
