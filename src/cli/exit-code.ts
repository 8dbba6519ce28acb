/** How a command ends, for scripts. docs/operations/exit-codes.md is compared with this table. */
export const exitCodes = {
  ok: { code: 0, about: 'Done; for `diff`: nothing differs.' },
  failed: { code: 1, about: 'Anything not named below; for `diff`: something differs.' },
  usage: { code: 2, about: 'Wrong arguments or settings; for `diff`: any error.' },
  notFound: { code: 3, about: 'The object does not exist.' },
  invalid: { code: 4, about: 'A manifest, an input or a request is not valid.' },
  conflict: { code: 5, about: 'It exists already, or its state does not allow this.' },
  forbidden: { code: 6, about: 'The token is missing, wrong, or may not do this.' },
  unreachable: { code: 7, about: 'The server does not answer.' },
  timeout: { code: 8, about: 'It took longer than `--timeout`; what was waited for goes on.' },
  runFailed: { code: 10, about: 'The run that was waited for failed.' },
  runCancelled: { code: 11, about: 'The run that was waited for was cancelled.' },
  interrupted: { code: 130, about: 'Interrupted by Ctrl-C; a run that was waited for goes on.' },
} as const;

export type ExitName = keyof typeof exitCodes;

/** Ends the command with this exit code. An empty message ends it silently: all is said. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exit: ExitName;

  constructor(exit: ExitName, message = '') {
    super(message);
    this.exit = exit;
  }
}
