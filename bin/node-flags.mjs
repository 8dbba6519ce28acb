// How every server of Behest runs its Node, however it is started. Plain JavaScript, as a Node that
// is too old for the rest reads this too.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * On a large machine Node lets the young generation of its heap grow to 128 MB, nearly all garbage,
 * and the old one to four times what is alive. A young one of 4 MB takes a third less memory under
 * load, and is too small to be worth collecting with several threads, which cost more to wake
 * than they save: together 0.9 of Node's own CPU (docs/performance.md). V8 reads these before
 * any script, so only the command line can tell it otherwise.
 */
const heapFlags = ['--min-semi-space-size=4', '--max-semi-space-size=4'];

/**
 * What only the V8 of Node 24 is known to have; a Node that does not know a flag does not start.
 * The last two optimize code after half as many calls as usual: the first hundred runs of a server
 * that is not busy are 6 % quicker.
 */
const flagsOfNode24 = [
  '--heap-growing-percent=62',
  '--no-parallel-scavenge',
  '--invocation-count-for-maglev=200',
  '--minimum-invocations-after-ic-update=200',
];

const isNode24 = process.versions.node.startsWith('24.');
export const nodeFlags = isNode24 ? [...heapFlags, ...flagsOfNode24] : heapFlags;

/**
 * The C library of most Linux systems gives each thread a heap of its own, and Node has ten that
 * seldom allocate: one for all takes 10 MB a process less, at the same CPU. It is read before any
 * script too. What Behest starts inherits it, and is as well off with it.
 */
export const nodeEnvironment = { MALLOC_ARENA_MAX: '1' };

/**
 * Replaces this process by the same program with `nodeFlags` and `nodeEnvironment`: same pid, same
 * streams, 25 ms later. Comes back when somebody has chosen the size already, or where a process
 * cannot be replaced.
 */
export function restartWithFlags(program, args) {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  if (given.includes('semi-space-size') || process.execve === undefined) return;
  const line = [process.execPath, ...nodeFlags, ...process.execArgv, program, ...args];
  try {
    process.execve(process.execPath, line, { ...nodeEnvironment, ...process.env });
  } catch (error) {
    // Windows: it works as well there, only with more memory.
    if (error.code !== 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM') throw error;
  }
}

/**
 * Keeps compiled code between starts, beside the packages and trusted as they are: a start takes
 * half the CPU and 22 MB less, as the compiler of TypeScript is not even loaded. Where the folder
 * cannot be written, all is as without it.
 */
export function keepCompiledCode() {
  const folder = new URL('../node_modules/.cache/behest', import.meta.url);
  module.enableCompileCache?.(fileURLToPath(folder));
}
