// One real role of Behest with the bench's node types: `up|controller|api|runner`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const starter = join(import.meta.dirname, '../bin/node-flags.mjs');
if (existsSync(starter)) {
  // As bin/behest.mjs does it, which in earlier commits did nothing of the kind.
  const shipped = (await import(starter)) as typeof import('../bin/node-flags.mjs');
  shipped.restartWithFlags(process.argv[1] ?? '', process.argv.slice(2));
  shipped.keepCompiledCode();
}

const { aliveMb } = await import('./alive.ts');
const { countOn } = await import('./count-completed.ts');
const { registerFlaky } = await import('./flaky.ts');
const { registerNoop } = await import('./noop.ts');
const url = process.env['BENCH_DATABASE_URL'] ?? '';
registerNoop(url === '' ? () => Promise.resolve(-1) : countOn(url));
registerFlaky();
// Whoever started it may ask how much memory is alive.
process.on('message', () => process.send?.({ aliveMb: aliveMb() }));
const roles = await import('../src/main/roles.ts');
const name = process.argv[2];
if (name !== 'up' && name !== 'controller' && name !== 'api' && name !== 'runner') {
  throw new Error(`role "${name}": expected up, controller, api or runner`);
}
await roles[name]();
// Connections of the bench itself would keep the process.
process.exit();
