// One real role of Behest with the node type `noop` added: `node bench/role.ts up|controller|runner`.
import { countOn } from './count-completed.ts';
import { registerNoop } from './noop.ts';

const url = process.env['BENCH_DATABASE_URL'] ?? '';
registerNoop(url === '' ? () => Promise.resolve(-1) : countOn(url));
const roles = await import('../src/main/roles.ts');
const name = process.argv[2];
if (name !== 'up' && name !== 'controller' && name !== 'runner') {
  throw new Error(`role "${name}": expected up, controller or runner`);
}
await roles[name]();
// Connections of the bench itself would keep the process.
process.exit();
