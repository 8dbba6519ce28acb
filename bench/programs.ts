import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of the bench's programs that are measured, or measure from inside. */
export interface Programs {
  /** Holds one system; `bench.ts` drives it. */
  readonly host: string;
  /** One role in a process of its own. */
  readonly role: string;
  /** Exports `startSystem`. */
  readonly system: string;
}

/** The programs as that checkout ships its own: bundled, or as they are in commits before that. */
export async function programsOf(repository: string): Promise<Programs> {
  const entries = {
    host: join(repository, 'bench/host.ts'),
    role: join(repository, 'bench/role.ts'),
    system: join(repository, 'bench/system.ts'),
  };
  const builder = join(repository, 'build/bundle.ts');
  if (!existsSync(builder)) return entries;
  const { isMadeFrom, listSources, programSources } = (await import(
    join(repository, 'bin/sources.mjs')
  )) as typeof import('../bin/sources.mjs');
  const folder = join(repository, 'dist-bench');
  const sources = [...programSources, 'bench', 'test/services'];
  // What makes bundles is large, and this process may be one that is measured.
  if (!isMadeFrom(folder, listSources(repository, sources))) {
    const { bundle } = (await import(builder)) as typeof import('../build/bundle.ts');
    await bundle({ repository, entries, folder, sources });
  }
  return {
    host: join(folder, 'host.js'),
    role: join(folder, 'role.js'),
    system: join(folder, 'system.js'),
  };
}
