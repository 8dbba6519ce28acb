import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { connect, type Pool } from '../../src/store/connect.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/start-embedded-postgres.ts';
import { openStore } from '../../src/store/open-store.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of this broker; see test/services/postgres.ts. */
    postgresBroker: string;
  }
}

interface TestServer {
  readonly admin: Pool;
  /** Name of a database with the schema in it, to copy. */
  readonly template: string;
  readonly databases: string[];
  urlOf(database: string): string;
  stop(): Promise<void>;
}

/**
 * vitest's globalSetup: one Postgres for the whole run, started by the first test file that asks
 * for a database (`DATABASE_URL`, else the embedded one), and gone afterwards.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<TestServer> | null = null;
  const broker = createServer((request, response) => {
    server ??= startServer();
    server
      .then((running) => makeDatabase(running, request.url === '/empty'))
      .then((url) => response.end(url))
      .catch((error: Error) => response.writeHead(500).end(error.stack));
  });
  await new Promise<void>((listening) => broker.listen(0, '127.0.0.1', listening));
  const { port } = broker.address() as AddressInfo;
  project.provide('postgresBroker', `http://127.0.0.1:${port}`);
  return () => teardown(broker, server);
}

async function teardown(broker: Server, server: Promise<TestServer> | null): Promise<void> {
  broker.closeAllConnections();
  broker.close();
  await (await server?.catch(() => null))?.stop();
}

async function startServer(): Promise<TestServer> {
  const external = process.env['DATABASE_URL'] ?? '';
  const base = external === '' ? await startEmbedded() : { url: external, stop: async () => {} };
  const admin = connect(base.url, { name: 'tests', max: 1 });
  const template = `behest_test_${randomBytes(4).toString('hex')}`;
  const databases = [template];
  const urlOf = (database: string): string => {
    const url = new URL(base.url);
    url.pathname = `/${database}`;
    return url.href;
  };
  await admin.script(`create database ${template}`);
  await (await openStore(urlOf(template))).close();
  const stop = async (): Promise<void> => {
    if (external !== '') {
      for (const name of databases) await admin.script(`drop database if exists ${name} (force)`);
    }
    await admin.end();
    await base.stop();
  };
  return { admin, template, databases, urlOf, stop };
}

async function startEmbedded(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'behest-test-'));
  // As root the server is another user, who must get in.
  await chmod(folder, 0o755);
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    // Nothing here has to survive the machine.
    settings: { fsync: 'off', max_connections: '200', full_page_writes: 'off' },
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url: server.url, stop };
}

async function makeDatabase(server: TestServer, isEmpty: boolean): Promise<string> {
  const name = `${server.template}_${server.databases.length}`;
  server.databases.push(name);
  const template = isEmpty ? 'template1' : server.template;
  await server.admin.script(`create database ${name} template ${template}`);
  return server.urlOf(name);
}
