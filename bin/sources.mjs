// Tells whether a bundle in `dist` was made from the sources that are here now. Plain JavaScript, as
// it is read before anything else; each start pays for it, so it looks at files and reads none.
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** What the program's bundle is made from: its sources, its packages, and how it is made. */
export const programSources = [
  'src',
  'build',
  'package-lock.json',
  // npm writes it whenever it changes what is installed.
  'node_modules/.package-lock.json',
];

/** A line for each file below `sources`: its path, size in bytes, and time of change in seconds. */
export function listSources(repository, sources = programSources) {
  let list = '';
  const look = (path) => {
    const place = `${repository}/${path}`;
    const found = statSync(place, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isDirectory()) {
      for (const name of readdirSync(place).sort()) look(`${path}/${name}`);
    } else {
      // Whole seconds, as images of containers keep no more of a time.
      list += `${path} ${found.size} ${Math.floor(found.mtimeMs / 1000)}\n`;
    }
  };
  for (const path of sources) look(path);
  return list;
}

/** In a bundle's folder, the list of what it was made from; written last. */
export const listName = 'sources.txt';

/** Whether the bundle in `folder` is whole and was made from what is in this list. */
export function isMadeFrom(folder, list) {
  try {
    return readFileSync(`${folder}/${listName}`, 'utf8') === list;
  } catch {
    return false; // Nobody has built it, which is as good: the sources run as they are.
  }
}
