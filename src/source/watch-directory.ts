import { basename, resolve } from 'node:path';

import { type FSWatcher, watch } from 'chokidar';

import type { Watch } from './source.ts';

/** One call for a burst of events: a checkout or an unpacked archive comes as hundreds. */
const quietMs = 80;
/** Under an endless stream of events a call is still made this often. */
const burstMs = 500;

/**
 * Calls back after something in the directory changed, also when it appears only later. Too many
 * calls or, where the system's watches run out, too few: the periodic pass finds what was missed.
 */
export function watchDirectory(path: string, onChange: () => void): Watch {
  const root = resolve(path);
  const watcher: FSWatcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: true,
    ignored: (place) => place !== root && isUninteresting(basename(place)),
  });
  let quiet: NodeJS.Timeout | undefined;
  let burstStartedAt: number | null = null;
  const fire = (): void => {
    burstStartedAt = null;
    onChange();
  };
  watcher.on('all', () => {
    burstStartedAt ??= Date.now();
    clearTimeout(quiet);
    const left = burstStartedAt + burstMs - Date.now();
    quiet = setTimeout(fire, Math.max(0, Math.min(quietMs, left)));
  });
  // Watching is only a hint; the reader reports what is wrong with the directory.
  watcher.on('error', () => undefined);
  return {
    stop: async () => {
      clearTimeout(quiet);
      watcher.removeAllListeners('all');
      await watcher.close();
    },
  };
}

function isUninteresting(name: string): boolean {
  return name === 'node_modules' || (name.startsWith('.') && name !== '.behestignore');
}
