import { resolve } from 'node:path';

import { DirectorySource } from './directory-source.ts';
import { parseGitLocation } from './git-location.ts';
import { GitSource } from './git-source.ts';
import type { GitSettings } from './run-git.ts';
import { type Source, type SourceLimits, defaultLimits } from './source.ts';

export interface OpenSourceOptions {
  /** Where git mirrors are kept. */
  readonly dataDirectory: string;
  /** What the git program sees, beside what we set. */
  readonly environment?: GitSettings['environment'];
  readonly credentials?: GitSettings['credentials'];
  /** Time limit of each call of git. Default 60 s. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<SourceLimits>;
}

/**
 * A directory or a git repository, by what the location looks like (see parseGitLocation). Throws a
 * SourceError for a location that can never be read; whether it is there is found out by `resolve`.
 */
export function openSource(location: string, options: OpenSourceOptions): Source {
  const limits = { ...defaultLimits, ...options.limits };
  const git = parseGitLocation(location);
  if (git === null) return new DirectorySource(resolve(location), limits);
  const { dataDirectory, environment = {}, credentials, timeoutMs = 60_000 } = options;
  return new GitSource(git, {
    dataDirectory,
    environment,
    timeoutMs,
    limits,
    ...(credentials === undefined ? {} : { credentials }),
  });
}
