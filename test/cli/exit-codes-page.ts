import { exitCodes } from '../../src/cli/exit-code.ts';

/** docs/operations/exit-codes.md, made from the table. */
export function exitCodesPage(): string {
  const rows = Object.values(exitCodes).map(({ code, about }) => `| ${code} | ${about} |`);
  return `${[
    '# Exit codes of the command line',
    '',
    'Scripts may rely on these. What went wrong is told on standard error; results go to standard',
    'output. This page is made from `src/cli/exit-code.ts`.',
    '',
    '| Code | Meaning |',
    '| --- | --- |',
    ...rows,
  ].join('\n')}\n`;
}
