import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { FileProblem } from '../record/source.ts';
import { CommandFailure } from './exit-code.ts';
import { type LocalManifests, readFiles } from './read-files.ts';
import { showProblems } from './show-problems.ts';
import { type Terminal, painter } from './terminal.ts';

export interface ValidateOptions {
  readonly output?: string;
  readonly namespace?: string;
  readonly strict?: boolean;
}

/** `behest validate PATH…`: every mistake of every file, without a server. */
export async function validate(
  terminal: Terminal,
  paths: readonly string[],
  { output, namespace = 'default', strict }: ValidateOptions,
): Promise<void> {
  const found: { readonly root: string; readonly read: LocalManifests }[] = [];
  for (const path of paths) {
    const read = await readFiles(path, { terminal, namespace });
    found.push({ root: await rootOf(path), read });
  }
  const problems = found.flatMap(({ read }) => read.problems);
  const resources = found.flatMap(({ read }) => read.resources);
  if (output === 'json') {
    terminal.out(`${JSON.stringify({ kind: 'List', items: problems }, null, 2)}\n`);
  } else {
    const paint = painter(terminal);
    for (const { root, read } of found) terminal.out(showProblems(read.problems, { root, paint }));
  }
  const errors = problems.filter((each) => each.severity === 'error').length;
  terminal.err(`${summary(resources.length, problems, errors)}\n`);
  if (errors > 0 || (strict === true && problems.length > 0)) throw new CommandFailure('invalid');
}

function summary(valid: number, problems: readonly FileProblem[], errors: number): string {
  const warnings = problems.length - errors;
  return `${valid} valid objects, ${errors} errors, ${warnings} warnings`;
}

async function rootOf(path: string): Promise<string> {
  if (path === '-') return '';
  return (await stat(path)).isDirectory() ? path : dirname(path);
}
