import ignore from 'ignore';

/** A file in gitignore syntax at the root of a source. */
export const IGNORE_FILE = '.behestignore';

/** Answers whether a path (relative, with `/`; directories end in `/`) is left out of a source. */
export type IgnoreRules = (path: string) => boolean;

/** Dot-files and `node_modules` are always left out; `text` is the source's own ignore file. */
export function ignoreRules(text: string): IgnoreRules {
  const rules = ignore().add(text);
  return (path) => {
    const isHidden = path
      .split('/')
      .some((part) => part.startsWith('.') || part === 'node_modules');
    return isHidden || rules.ignores(path);
  };
}
