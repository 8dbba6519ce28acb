import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SecretSources {
  /** The process's environment; only `main` may read it, so it is handed in. */
  readonly env: { readonly [name: string]: string | undefined };
  /** A directory with one file for each secret, as Kubernetes mounts them. */
  readonly dir?: string;
}

export type SecretLookup = (name: string) => string | undefined;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Finds a secret's value: first `BEHEST_SECRET_<NAME>` (upper case, `-` and `.` as `_`), then the
 * file `<dir>/<name>`, whose last line break does not count. Read at each use, so that a rotated
 * secret needs no restart. A name that could leave the directory has no value.
 */
export function secretLookup(sources: SecretSources): SecretLookup {
  return (name) => {
    if (!NAME.test(name)) return undefined;
    const fromEnv = sources.env[secretVariable(name)];
    if (fromEnv !== undefined) return fromEnv;
    return sources.dir === undefined ? undefined : readSecretFile(join(sources.dir, name));
  };
}

/** The environment variable that holds a secret; named in errors as the remedy. */
export function secretVariable(name: string): string {
  return `BEHEST_SECRET_${name.toUpperCase().replaceAll(/[-.]/g, '_')}`;
}

function readSecretFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch {
    // Absent, a directory, or not readable: to the step all of them are a missing secret, and the
    // error that names it says where it was looked for.
    return undefined;
  }
}
