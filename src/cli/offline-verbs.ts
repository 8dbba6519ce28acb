import type { Command } from 'commander';

import type { Terminal } from './terminal.ts';
import type { ValidateOptions } from './validate.ts';

/** Verbs that need no server: validate, explain, api-resources, version. */
export function addOfflineVerbs(
  program: Command,
  { terminal, version }: { readonly terminal: Terminal; readonly version: string },
): void {
  program.commandsGroup('Without a server:');
  program
    .command('validate <paths...>')
    .description('check manifests: every mistake of every file, with its place')
    .option('-o, --output <format>', 'json for programs')
    .option('-n, --namespace <name>', 'of documents that name none')
    .option('--strict', 'warnings fail too')
    .addHelpText(
      'after',
      '\nExamples:\n  behest validate workflows.d\n  behest validate - < x.yaml\n',
    )
    .action(async (paths: string[], options: ValidateOptions) => {
      const { validate } = await import('./validate.ts');
      await validate(terminal, paths, options);
    });
  program
    .command('explain <path>')
    .description('tell what a field of a manifest or of a node type means')
    .option('--recursive', 'with all the fields below')
    .addHelpText(
      'after',
      '\nExamples:\n  behest explain workflow.spec.steps.retry\n  behest explain http\n',
    )
    .action(async (path: string, options: { readonly recursive?: boolean }) => {
      const { explain } = await import('./explain.ts');
      explain(terminal, path, options);
    });
  program
    .command('api-resources')
    .description('list the types of objects and their short names')
    .action(async () => {
      const { apiResources } = await import('./api-resources.ts');
      apiResources(terminal);
    });
  program
    .command('version')
    .description('print the version')
    .action(() => terminal.out(`behest ${version}\n`));
}
