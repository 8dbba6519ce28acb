// Behest as a peer of a side-by-side bench: link this file as `peers/behest.mjs` into a copy of it,
// run that with Node 24 or newer, and name it as `behest:1000` (Postgres and NATS, controller and
// runner in processes of their own) or `behest:1000:mode=embedded` (everything in the client's).
// A copy of this file instead of a link needs BEHEST_REPOSITORY=<this repository>.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const repository = process.env['BEHEST_REPOSITORY'] ?? resolve(import.meta.dirname, '..');

export default {
  servers: ['pg', 'nats'],
  async start({ pgUrl, natsUrl, mode = 'nats', controllers = 1, runners = 1 }) {
    const { programsOf } = await import(join(repository, 'bench/programs.ts'));
    const programs = await programsOf(repository);
    const { startSystem } = await import(programs.system);
    const folder = await mkdtemp(join(tmpdir(), 'behest-peer-'));
    const { client, stop } = await startSystem({
      mode,
      programs,
      folder,
      databaseUrl: pgUrl,
      natsUrl: `nats://${natsUrl}`,
      controllers,
      runners,
    });
    return {
      // Times of steps are known where the runner is in this process.
      runOne: async (steps) => (await client.runOne(steps)).marks,
      fanout: (count) => client.fanout(count),
      throughput: (runs, steps) => client.throughput(runs, steps),
      stop: async () => {
        await stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};
