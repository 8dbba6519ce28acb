import { type Command, Option } from 'commander';

import type { Terminal } from './terminal.ts';
import type { ValidateOptions } from './validate.ts';
import type { VersionOptions } from './version.ts';

/** Verbs that need no server: validate, explain, api-resources, version. */
export function addOfflineVerbs(
  program: Command,
  { terminal, version }: { readonly terminal: Terminal; readonly version: string },
): void {
  program.commandsGroup('Without a server:');
  program
    .command('validate <paths...>')
    .description('check manifests: every mistake of every file, with its place')
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(['text', 'json']))
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
    .addHelpText('after', '\nExample:\n  behest api-resources\n')
    .action(async () => {
      const { apiResources } = await import('./api-resources.ts');
      apiResources(terminal);
    });
  program
    .command('version')
    .description('print the version, and that of the server where one answers')
    .option('--client', 'ask no server')
    .option('--server <url>', 'server ($BEHEST_SERVER, else http://127.0.0.1:8080)')
    .addHelpText('after', '\nExamples:\n  behest version\n  behest version --client\n')
    .action(async (options: VersionOptions) => {
      const { printVersion } = await import('./version.ts');
      await printVersion(terminal, version, options);
    });
}
