import { chmod, mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { localNats } from '../services/nats.ts';
import { until } from '../services/until.ts';
import { Member } from './member.ts';
import { PostgresServer } from './postgres-server.ts';

const nats = await localNats();

test.skipIf(nats === null)(
  'controller, API and runner start before Postgres and NATS → each waits, says so, and serves',
  async () => {
    onTestFinished(() => nats?.stop());
    const folder = await mkdtemp(join(tmpdir(), 'behest-order-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'flows'));
    const postgres = await PostgresServer.start(join(folder, 'database'));
    onTestFinished(() => postgres.stop());
    const DATABASE_URL = postgres.urlAt();
    await postgres.kill();
    await nats!.local!.kill();

    const members = (['controller', 'api', 'runner'] as const).map((role) => {
      const env = { NATS_URL: nats!.url, BEHEST_DATA_DIR: join(folder, role) };
      const own = role === 'runner' ? {} : { DATABASE_URL, BEHEST_SOURCE: './flows' };
      return new Member(role, { role, cwd: folder, env: { ...env, ...own, PORT: '0' } });
    });
    for (const member of members) member.start();
    onTestFinished(async () => {
      await Promise.all(members.map((member) => member.stop()));
    });
    const [controller, api, runner] = members as [Member, Member, Member];
    const said = (member: Member, event: string) =>
      until(`${member.name} says ${event}`, async () => {
        expect(member.accidents).toEqual([]);
        return member.log.includes(`"${event}"`) ? true : undefined;
      });
    await Promise.all([
      said(controller, 'postgres.connect_failed'),
      said(api, 'postgres.connect_failed'),
      said(runner, 'nats.connect_failed'),
    ]);
    await postgres.start();
    await Promise.all([said(controller, 'nats.connect_failed'), said(api, 'nats.connect_failed')]);
    await nats!.local!.start();
    await Promise.all(members.map((member) => member.ready()));
  },
  60_000,
);
