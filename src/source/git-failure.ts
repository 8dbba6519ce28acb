import { SourceError, type SourceErrorCode } from './source-error.ts';

interface Kind {
  readonly sign: RegExp;
  readonly code: SourceErrorCode;
  readonly remedy: string;
}

const kinds: readonly Kind[] = [
  {
    sign: /authentication failed|could not read (username|password)|permission denied|error: 40[13]/i,
    code: 'unauthorised',
    remedy: 'Set BEHEST_GIT_USERNAME and BEHEST_GIT_PASSWORD, or give ssh a key that may read it',
  },
  {
    sign: /host key verification failed/i,
    code: 'unauthorised',
    remedy: "Put the host's key into known_hosts",
  },
  {
    sign: /couldn't find remote ref|not our ref|unadvertised object/i,
    code: 'ref-not-found',
    remedy: 'Name a branch, a tag or a commit that the repository has',
  },
  {
    sign: /repository .*not found|does not appear to be a git repository|does not exist/i,
    code: 'missing',
    remedy: 'Correct the location, or create the repository',
  },
];

/** Git's complaint as an error of ours. Credentials that a proxy or a URL put there are cut out. */
export function explainGitFailure(location: string, complaint: string): SourceError {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '');
  const fatal = lines.filter((line) => /^(fatal|error|remote):/.test(line));
  const said = redact((fatal.length > 0 ? fatal : lines.slice(-2)).join('; '));
  const kind = kinds.find(({ sign }) => sign.test(complaint));
  const message = `git could not read ${location}: ${said === '' ? 'it gave no reason' : said}`;
  const remedy = kind?.remedy ?? 'It is tried again';
  return new SourceError(kind?.code ?? 'fetch-failed', { message, remedy });
}

function redact(text: string): string {
  return text
    .replace(/\/\/[^/@\s]+@/g, '//[redacted]@')
    .replace(/(basic|bearer) \S+/gi, '$1 [redacted]');
}
