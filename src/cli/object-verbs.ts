import type { Command } from 'commander';

import { apiCommand, asDiff, listOptions, withServer } from './api-command.ts';
import type { ApplyOptions } from './apply.ts';
import type { GlobalOptions } from './command-context.ts';
import type { DeleteOptions } from './delete.ts';
import type { GetOptions } from './get.ts';
import { count, durationMs, several } from './option-values.ts';
import type { Terminal } from './terminal.ts';

/** Verbs about what is declared: get, describe, apply, diff, delete, and those of sources. */
export function addObjectVerbs(program: Command, terminal: Terminal): void {
  program.commandsGroup('Objects:');
  addGet(program, terminal);
  addDescribe(program, terminal);
  addApply(program, terminal);
  addDelete(program, terminal);
  addSourceVerbs(program, terminal);
}

function addGet(program: Command, terminal: Terminal): void {
  const command = apiCommand(program, {
    usage: 'get <type> [names...]',
    about: 'list objects: workflows, runs, sources, nodes, events, versions',
    examples: [
      'behest get runs',
      'behest get runs --status failed -o wide',
      'behest get wf -l domain=assets -o yaml',
      'behest get run/@latest -o json',
      'behest get versions import-assets',
      'behest get runs -w',
    ],
  });
  listOptions(command)
    .option('-w, --watch', 'go on, and print what changes')
    .option('--status <word>', 'runs of this status')
    .option('--workflow <name>', 'runs of this workflow')
    .option('--limit <n>', 'at most so many runs or events (100)', count)
    .option('--ignore-not-found', 'a missing object is no error')
    .action((type: string, names: string[], options: GetOptions & GlobalOptions) =>
      withServer(terminal, options, async (context) => {
        const { get } = await import('./get.ts');
        await get(context, [type, ...names], options);
      }),
    );
}

function addDescribe(program: Command, terminal: Terminal): void {
  apiCommand(program, {
    usage: 'describe <type> [names...]',
    about: 'show an object in full, with its steps and events',
    examples: ['behest describe run @latest', 'behest describe source/workflows-d'],
  }).action((type: string, names: string[], options: GlobalOptions) =>
    withServer(terminal, options, async (context) => {
      const { describe } = await import('./describe.ts');
      await describe(context, [type, ...names]);
    }),
  );
}

function addApply(program: Command, terminal: Terminal): void {
  apiCommand(program, {
    usage: 'apply',
    about: 'write manifests to the server; a source that owns an object wins at its next look',
    examples: ['behest apply -f workflow.yaml', 'cat run.yaml | behest apply -f -'],
  })
    .requiredOption('-f, --filename <path>', 'file, directory or - (several times)', several)
    .option('--dry-run', 'check and compare, write nothing')
    .action((options: ApplyOptions & GlobalOptions) =>
      withServer(terminal, options, async (context) => {
        const { apply } = await import('./apply.ts');
        await apply(context, options);
      }),
    );
  apiCommand(program, {
    usage: 'diff',
    about: 'show what apply would change: exit code 0 nothing, 1 something, 2 an error',
    examples: ['behest diff -f workflows.d', 'behest diff -f workflow.yaml -o json'],
  })
    .requiredOption('-f, --filename <path>', 'file, directory or - (several times)', several)
    .action((options: ApplyOptions & GlobalOptions) =>
      asDiff(
        withServer(terminal, options, async (context) => {
          const { diff } = await import('./diff.ts');
          await diff(context, options);
        }),
      ),
    );
}

function addDelete(program: Command, terminal: Terminal): void {
  apiCommand(program, {
    usage: 'delete <type> [names...]',
    about: 'delete workflows: no new runs; the history stays',
    examples: ['behest delete workflow import-assets', 'behest delete wf/a wf/b --yes'],
  })
    .option('-y, --yes', 'do not ask')
    .option('--ignore-not-found', 'a missing object is no error')
    .action((type: string, names: string[], options: DeleteOptions & GlobalOptions) =>
      withServer(terminal, options, async (context) => {
        const { deleteObjects } = await import('./delete.ts');
        await deleteObjects(context, [type, ...names], options);
      }),
    );
}

function addSourceVerbs(program: Command, terminal: Terminal): void {
  const verbs = {
    reconcile: 'look at a source now',
    suspend: 'apply nothing more of a source until it is resumed',
    resume: 'go on with a suspended source',
  } as const;
  for (const verb of ['reconcile', 'suspend', 'resume'] as const) {
    const command = apiCommand(program, {
      usage: `${verb} <source> [name]`,
      about: verbs[verb],
      examples: [`behest ${verb} workflows-d`, `behest ${verb} source/workflows-d`],
    });
    if (verb === 'reconcile') {
      command
        .option('--wait', 'until that look has ended')
        .option('--timeout <duration>', 'how long to wait (1m)', durationMs);
    }
    command.action((first: string, second: string | undefined, options: SourceOptions) =>
      withServer(terminal, options, async (context) => {
        const loaded = await import('./source-verbs.ts');
        await loaded[verb](context, second === undefined ? [first] : [first, second], options);
      }),
    );
  }
}

type SourceOptions = GlobalOptions & { readonly wait?: boolean; readonly timeout?: number };
