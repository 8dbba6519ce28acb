// One real role of Behest with the bench's node types: `node bench/role.ts up|controller|api|runner`.
import { aliveMb } from './alive.ts';
import { countOn } from './count-completed.ts';
import { registerFlaky } from './flaky.ts';
import { registerNoop } from './noop.ts';

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
