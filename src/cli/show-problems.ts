import { join } from 'node:path';

import type { FileProblem } from '../record/source.ts';
import type { Paint } from './terminal.ts';

/** Problems as compilers show them: place, message, code frame, hint. */
export function showProblems(
  problems: readonly FileProblem[],
  { root, paint }: { readonly root: string; readonly paint: Paint },
): string {
  return problems
    .map(({ file, line, column, severity, message, code, frame, hint }) => {
      const place = paint('bold', `${join(root, file)}:${line}:${column}`);
      const word = paint(severity === 'error' ? 'red' : 'yellow', severity);
      const parts = [`${place} ${word} ${message} ${paint('grey', `[${code}]`)}`, frame];
      if (hint !== '') parts.push(`  ${hint}`);
      return `${parts.filter((part) => part !== '').join('\n')}\n`;
    })
    .join('\n');
}
