import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { SourceError } from './source-error.ts';

export interface GitLocation {
  /** What git is given: a URL or an absolute path; never holds a password. */
  readonly url: string;
  /** Branch, tag, commit or full `refs/…` name; empty is the remote's HEAD. */
  readonly ref: string;
  /** Directory in the repository, with `/`; empty is all of it. */
  readonly path: string;
  /** Whether the repository is a directory of this machine. */
  readonly isLocal: boolean;
}

/**
 * Reads `URL[#ref[:directory]]`. Git URLs are `https://`, `ssh://`, `file://` and `user@host:path`;
 * a path is git when it is a bare repository, or a working copy with `#`. Null is a plain directory.
 */
export function parseGitLocation(location: string): GitLocation | null {
  const hash = location.indexOf('#');
  const base = hash === -1 ? location : location.slice(0, hash);
  const url = base.replace(/^git\+/, '');
  const fragment = hash === -1 ? '' : location.slice(hash + 1);
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(url);
  const isScp = !isUrl && /^[\w.-]+@[\w.-]+:/.test(url);
  if (isUrl) checkUrl(url);
  if (!isUrl && !isScp) {
    if (existsSync(location) && !isBare(location)) return null;
    if (!isBare(url) && !(hash !== -1 && existsSync(join(url, '.git')))) return null;
  }
  const [ref = '', path = ''] = splitFragment(fragment);
  checkRef(ref, location);
  const isLocal = (!isUrl && !isScp) || url.startsWith('file://');
  return {
    url: isUrl || isScp ? url : resolve(url),
    ref,
    path: cleanPath(path, location),
    isLocal,
  };
}

function splitFragment(fragment: string): string[] {
  const colon = fragment.indexOf(':');
  return colon === -1 ? [fragment] : [fragment.slice(0, colon), fragment.slice(colon + 1)];
}

function checkUrl(text: string): void {
  const url = URL.parse(text);
  const shown = `${url?.protocol ?? ''}//${url?.host ?? ''}${url?.pathname ?? ''}`;
  if (url === null)
    throw refuse('is not a URL', 'Expected https://host/path, ssh://… or file://…', shown);
  if (url.password !== '' || (url.protocol === 'https:' && url.username !== '')) {
    const remedy = 'Take them out and set BEHEST_GIT_USERNAME and BEHEST_GIT_PASSWORD';
    throw refuse('has credentials in it', remedy, shown);
  }
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const isSafe = ['https:', 'ssh:', 'file:'].includes(url.protocol);
  if (!isSafe && !(url.protocol === 'http:' && isLoopback)) {
    const remedy = 'Use https, ssh or file: over others anybody on the way could change workflows';
    throw refuse(`uses ${url.protocol}//`, remedy, shown);
  }
}

function refuse(message: string, remedy: string, shown: string): SourceError {
  return new SourceError('location', { message: `the git location ${shown} ${message}`, remedy });
}

/** The rules of git-check-ref-format that keep a ref from being read as an option or a pattern. */
function checkRef(ref: string, location: string): void {
  const isSafe = !/^[-/]|\.\.|@\{|[\s~^?*[\\\p{Cc}]|\/$|\.lock$/u.test(ref);
  if (isSafe) return;
  throw new SourceError('location', {
    message: `${JSON.stringify(ref)} in ${location.split('#')[0] ?? ''}#… is not a git ref`,
    remedy: 'Name a branch, a tag or a commit',
  });
}

function cleanPath(path: string, location: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!parts.includes('..')) return parts.join('/');
  throw new SourceError('location', {
    message: `${location} names a directory outside the repository`,
    remedy: 'Name one inside it',
  });
}

function isBare(path: string): boolean {
  const isDirectory = (name: string): boolean =>
    statSync(join(path, name), { throwIfNoEntry: false })?.isDirectory() === true;
  return existsSync(join(path, 'HEAD')) && isDirectory('objects') && isDirectory('refs');
}
