export type SourceErrorCode =
  | 'missing' // the directory or repository is not there
  | 'unreadable' // the system refuses to read it
  | 'unsettled' // files went on changing while they were read
  | 'symlink' // a link leaves the source, goes in circles or points at nothing
  | 'submodule' // a git submodule
  | 'limit' // a documented limit is exceeded
  | 'ref-not-found' // the branch, tag or commit is not in the repository
  | 'unauthorised' // credentials are missing or refused
  | 'location' // the location itself is not one we accept
  | 'git-missing' // there is no git program
  | 'timeout' // git took too long
  | 'aborted' // the caller gave up
  | 'fetch-failed'; // anything else that git says

/** Why a source cannot be read. `isStalled`: a person has to act; else the next look may work. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceErrorCode;
  readonly isStalled: boolean;
  readonly remedy: string;

  constructor(code: SourceErrorCode, what: { message: string; remedy: string; cause?: unknown }) {
    super(`${what.message}. ${what.remedy}`, { cause: what.cause });
    this.code = code;
    this.isStalled = !passing.has(code);
    this.remedy = what.remedy;
  }
}

const passing: ReadonlySet<SourceErrorCode> = new Set([
  'missing',
  'unsettled',
  'timeout',
  'aborted',
  'fetch-failed',
]);
