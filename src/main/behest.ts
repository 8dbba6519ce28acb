import { createProgram } from '../cli/program.ts';

const roles = import.meta.resolve('./roles.ts');
type Roles = typeof import('./roles.ts');

/** The servers are loaded only when they are asked for, so that the other verbs start at once. */
function role(name: keyof Roles): () => Promise<void> {
  return async () => {
    const loaded = (await import(roles)) as Roles;
    await loaded[name]();
  };
}

const servers = {
  up: role('up'),
  controller: role('controller'),
  api: role('api'),
  runner: role('runner'),
};
await createProgram(servers).parseAsync(process.argv);
