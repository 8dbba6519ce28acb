import type { Command } from 'commander';

import { apiCommand, withServer } from './api-command.ts';
import type { GlobalOptions } from './command-context.ts';
import type { LogsOptions } from './logs.ts';
import { count, durationMs, several } from './option-values.ts';
import type { OutputOptions } from './output.ts';
import type { RetryOptions } from './retry.ts';
import type { RunOptions, WaitOptions } from './run.ts';
import type { Terminal } from './terminal.ts';

/** Verbs about runs: run, watch, wait, output, logs, cancel, retry. */
export function addRunVerbs(program: Command, terminal: Terminal): void {
  program.commandsGroup('Runs:');
  addRun(program, terminal);
  addWatch(program, terminal);
  addOutput(program, terminal);
  addLogs(program, terminal);
  addCancel(program, terminal);
  addRetry(program, terminal);
}

function waitOptions(command: Command): Command {
  return command
    .option('--watch', 'show its progress, and end as it ends')
    .option('--wait', 'end as it ends, without its progress')
    .option('--timeout <duration>', 'stop waiting after this long; the run goes on', durationMs);
}

function addRun(program: Command, terminal: Terminal): void {
  const command = apiCommand(program, {
    usage: 'run <workflow>',
    about: 'start a run; its output goes to standard output when it is waited for',
    examples: [
      'behest run import-assets --watch',
      'behest run site-health -i urls=\'["https://example.org"]\' --wait',
      'behest run report --input-file input.yaml -o name',
    ],
  });
  waitOptions(command)
    .option('-i, --input <key=value>', 'one input field, JSON where it parses (several)', several)
    .option('--input-file <path>', 'YAML or JSON file with the input; - is standard input')
    .option('--label <key=value>', 'label of the run (several times)', several)
    .option('--version <n>', 'an older version of the workflow', count)
    .option('--idempotency-key <key>', 'start at most one run with this key')
    .action((workflow: string, options: RunOptions & GlobalOptions) =>
      withServer(terminal, options, async (context) => {
        const { run } = await import('./run.ts');
        await run(context, workflow, options);
      }),
    );
}

function addWatch(program: Command, terminal: Terminal): void {
  for (const verb of ['watch', 'wait'] as const) {
    const isWatch = verb === 'watch';
    apiCommand(program, {
      usage: `${verb} <run>`,
      about: isWatch ? 'show the progress of a run until it ends' : 'wait until a run has ended',
      examples: [`behest ${verb} @latest`, `behest ${verb} 0198c1f2 --timeout 5m`],
    })
      .option('--timeout <duration>', 'stop waiting after this long; the run goes on', durationMs)
      .action((run: string, options: WaitOptions & GlobalOptions) =>
        withServer(terminal, options, async (context) => {
          const { watch } = await import('./run.ts');
          await watch(context, run, { ...options, watch: isWatch });
        }),
      );
  }
}

function addOutput(program: Command, terminal: Terminal): void {
  apiCommand(program, {
    usage: 'output <run> [step]',
    about: 'print the output of a run, of a step, or of one item of its forEach',
    examples: ['behest output @latest', 'behest output 0198c1f2 normalise --item 3'],
  })
    .option('--item <n>', 'only this item of the list, from 0', count)
    .option('--input', 'the input of the run instead')
    .action((run: string, step: string | undefined, options: OutputOptions & GlobalOptions) =>
      withServer(terminal, options, async (context) => {
        const { output } = await import('./output.ts');
        await output(context, { run, step }, options);
      }),
    );
}

function addLogs(program: Command, terminal: Terminal): void {
  apiCommand(program, {
    usage: 'logs <run>',
    about: 'print what the steps of a run wrote',
    examples: ['behest logs @latest -f', 'behest logs 0198c1f2 --step download --level warn'],
  })
    .option('-f, --follow', 'go on until the run has ended')
    .option('--step <id>', 'lines of this step')
    .option('--level <level>', 'this level and worse: debug, info, warn, error')
    .option('--tail <n>', 'only the last so many', count)
    .option('--timestamps', 'with the time of each')
    .action((run: string, options: LogsOptions & GlobalOptions) =>
      withServer(terminal, options, async (context) => {
        const { logs } = await import('./logs.ts');
        await logs(context, run, options);
      }),
    );
}

function addCancel(program: Command, terminal: Terminal): void {
  apiCommand(program, {
    usage: 'cancel <runs...>',
    about: 'cancel runs',
    examples: ['behest cancel @latest', 'behest cancel 0198c1f2 --reason "wrong input"'],
  })
    .option('--reason <text>', 'why, for the record')
    .action((runs: string[], options: GlobalOptions & { readonly reason?: string }) =>
      withServer(terminal, options, async (context) => {
        const { cancel } = await import('./cancel.ts');
        await cancel(context, runs, options);
      }),
    );
}

function addRetry(program: Command, terminal: Terminal): void {
  const command = apiCommand(program, {
    usage: 'retry <run>',
    about: 'go on with a failed run from the failed step, on its checkpoints',
    examples: ['behest retry @latest --watch', 'behest retry 0198c1f2 --from-step normalise'],
  });
  waitOptions(command)
    .option('--from-step <id>', 'from this step on')
    .option('--input-file <path>', 'YAML or JSON file with another input')
    .action((run: string, options: RetryOptions & GlobalOptions) =>
      withServer(terminal, options, async (context) => {
        const { retry } = await import('./retry.ts');
        await retry(context, run, options);
      }),
    );
}
