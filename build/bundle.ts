import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Plugin, rolldown } from 'rolldown';
import { isMadeFrom, listName, listSources, programSources } from '../bin/sources.mjs';
import { keepPlaces } from './keep-places.ts';
import { oneByteTexts } from './one-byte-texts.ts';

export interface Bundle {
  readonly repository: string;
  /** Paths of the programs, by the name that they get in `folder`. */
  readonly entries: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Files and folders of the repository that it is made from, when they are not the program's. */
  readonly sources?: readonly string[];
}

/**
 * Bundles programs with all that they load; what they load lazily stays in files of its own. The
 * folder appears at once and whole, in place of what was there; when this rejects, nothing changes.
 * Does nothing where the folder is made from these sources already.
 */
export async function bundle({ repository, entries, folder, sources }: Bundle): Promise<void> {
  const list = (): string => listSources(repository, sources ?? programSources);
  if (isMadeFrom(folder, list())) return;
  // The list knows seconds: what is saved later in this one would look as if it were in the bundle.
  await sleep(1020 - (Date.now() % 1000));
  const madeFrom = list();
  const draft = `${folder}-draft-${process.pid}`;
  try {
    await write({ entries, draft, plugins: [keepPlaces(folder), oneByteTexts] });
    await writeFile(join(draft, listName), madeFrom);
    // Another build may have been quicker, and be in use.
    if (isMadeFrom(folder, madeFrom)) return;
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

interface Draft {
  readonly entries: Readonly<Record<string, string>>;
  readonly draft: string;
  readonly plugins: Plugin[];
}

async function write({ entries, draft, plugins }: Draft): Promise<void> {
  await using made = await rolldown({
    input: { ...entries },
    platform: 'node',
    plugins,
    onLog(level, log) {
      // What cannot be found is a warning, and would be missed at run time.
      if (level === 'warn') throw new Error(log.message);
    },
  });
  await made.write({
    dir: draft,
    format: 'esm',
    // Stack traces show names and lines: without them it would be 1 MB of 85 less.
    minify: false,
    keepNames: true,
    comments: { legal: true, annotation: false, jsdoc: false },
    // Read only by a Node that is started with --enable-source-maps.
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
}
