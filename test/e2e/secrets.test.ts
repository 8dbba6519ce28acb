import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as natsConnect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/store/connect.ts';
import { emptyDatabase } from '../services/postgres.ts';
import { localNats, type NatsService } from '../services/nats.ts';
import { until } from '../services/until.ts';
import { Server } from './behest-process.ts';

const SECRET = `s3cr3t/${randomBytes(9).toString('hex')}+&?é`;

const workflow = (port: number): string => `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: leaky }
spec:
  steps:
    - id: send
      type: http
      config:
        url: http://127.0.0.1:${port}/echo
        method: POST
        headers: { x-api-key: "{{ secrets.planted }}" }
        auth: { basic: { username: me, password: "{{ secrets.planted }}" } }
        query: { key: "{{ secrets.planted }}" }
        body: { key: "{{ secrets.planted }}" }
    - id: log
      needs: [send]
      type: code
      config:
        language: javascript
        code: |
          export default function (input) {
            console.log('the secret is ' + input.key + ' or ' + encodeURIComponent(input.key));
            return { key: input.key, url: encodeURIComponent(input.key) };
          }
        input: { key: "{{ secrets.planted }}" }
    - id: fail
      needs: [log]
      type: http
      retry: { maxAttempts: 1 }
      config:
        url: http://127.0.0.1:${port}/fail
        headers: { authorization: "Bearer {{ secrets.planted }}" }
`;

/** The secret and what programs make of it on its way. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    Buffer.from(`me:${secret}`).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ];
}

/** Which forms of the secret this holds. */
function found(text: string | Buffer): string[] {
  const bytes = Buffer.from(text);
  return formsOf(SECRET).filter((form) => bytes.includes(form));
}

interface Echo {
  readonly server: HttpServer;
  heard(): string;
  /** What waits for an answer now: each call gives one. */
  held(): readonly (() => void)[];
}

/**
 * Sends back all that it was sent: in the body, in a header, and with a status of failure. Only when
 * it is told to: until then the task lies where the transport stores it.
 */
async function startEcho(): Promise<Echo> {
  let heard = '';
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const all = { url: request.url, headers: request.headers, body };
      heard += JSON.stringify(all);
      const status = request.url === '/fail' ? 400 : 200;
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-seen': request.url ?? '',
      });
      const answer = (): void => {
        waiting.delete(answer);
        response.end(JSON.stringify(all));
      };
      waiting.add(answer);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, heard: () => heard, held: () => [...waiting] };
}

/** Every row of every table, as text, and every stored file. */
async function wholeDatabase(url: string): Promise<string> {
  const pool = connect(url, { name: 'secrets', max: 1 });
  try {
    const tables = await pool.script(
      `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const rows = await pool.script(`select t::text as text from ${String(name)} t`);
      for (const { text } of rows) texts.push(`${String(text)}\n${readable(String(text))}`);
    }
    return texts.join('\n');
  } finally {
    await pool.end();
  }
}

/** Bytes are shown in hex: the same as text. */
function readable(row: string): string {
  return row.replaceAll(/\\x([0-9a-f]+)/g, (_, hex: string) =>
    Buffer.from(hex, 'hex').toString('latin1'),
  );
}

async function wholeDirectory(folder: string): Promise<Buffer> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const read = files
    .filter((entry) => entry.isFile())
    // A file that is gone by now holds nothing.
    .map((entry) => readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0)));
  return Buffer.concat(await Promise.all(read));
}

describe.each(['in-process', 'jetstream'] as const)('a planted secret, %s', (transport) => {
  let folder: string;
  let server: Server;
  let database: string;
  let echo: Echo;
  let nats: NatsService | null = null;
  let id = '';
  /** What lay in JetStream's directory while the run was under way. */
  const stored: Buffer[] = [];
  /** All that went over NATS, stored or not. */
  let listener: NatsConnection | null = null;
  const sent: Buffer[] = [];

  const read = async (path: string, accept = '*/*'): Promise<string> => {
    const token = (await readFile(join(folder, 'data', 'token'), 'utf8')).trim();
    const headers = { authorization: `Bearer ${token}`, accept };
    return (await fetch(`${server.url}${path}`, { headers })).text();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'behest-secrets-'));
    await mkdir(join(folder, 'workflows.d'));
    echo = await startEcho();
    const { port } = echo.server.address() as AddressInfo;
    await writeFile(join(folder, 'workflows.d', 'leaky.yaml'), workflow(port));
    database = await emptyDatabase();
    if (transport === 'jetstream') nats = await localNats();
    if (nats !== null) {
      listener = await natsConnect({ servers: nats.url });
      listener.subscribe('>', { callback: (_, { data }) => void sent.push(Buffer.from(data)) });
      await listener.flush();
    }
    server = await Server.start(folder, {
      BEHEST_SECRET_PLANTED: SECRET,
      BEHEST_HTTP_ALLOW: '127.0.0.0/8',
      DATABASE_URL: database,
      LOG_LEVEL: 'debug',
      ...(nats === null ? {} : { NATS_URL: nats.url }),
    });
    id = await until('the run is over', async () => {
      if (id === '') {
        const started = await server.post<{ job_id: string }>('/workflows/execute', {
          workflow_id: 'leaky',
        });
        id = started.job_id;
      }
      const held = echo.held();
      const directory = nats?.local?.directory;
      if (directory !== undefined) stored.push(await wholeDirectory(directory));
      // The first task is stored; the next ones go straight to the runner.
      const isSeen = directory === undefined || stored.some((bytes) => bytes.includes(id));
      if (isSeen) for (const answer of held) answer();
      const run = JSON.parse(await read(`/api/v1/jobs/${id}`)) as { status: string };
      if (run.status === 'completed') throw new Error('it completed');
      return run.status === 'failed' ? id : undefined;
    });
  }, 90_000);
  afterAll(async () => {
    await server?.stop();
    await listener?.close();
    await nats?.stop();
    echo?.server.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('the other side gets it in every place that asks for it', () => {
    const heard = echo.heard();
    expect(heard.split(JSON.stringify(SECRET).slice(1, -1)).length).toBeGreaterThan(2);
    expect(heard).toContain(Buffer.from(`me:${SECRET}`).toString('base64'));
    expect(heard).toContain('/fail');
  });

  test('no answer of the API has it, and the steps did what they were to do', async () => {
    const run = `/api/v1/jobs/${id}`;
    const paths = [run, `${run}/events`, `${run}/logs`, `/workflows/execution/${id}`];
    const more = ['/api/v1/workflows/leaky', '/api/v1/workflows/leaky/versions', '/api/v1/events'];
    const texts = await Promise.all([...paths, ...more].map((path) => read(path)));
    const everything = texts.join('\n');
    expect(found(everything)).toEqual([]);
    expect(everything).toContain('[redacted]');
    expect(everything).toContain('the secret is ');
  });

  test('no table of the database has it', async () => {
    const everything = await wholeDatabase(database);
    expect(everything).toContain('leaky');
    expect(everything).toContain('[redacted]');
    expect(found(everything)).toEqual([]);
  });

  test('neither the output of the process nor its data directory has it', async () => {
    expect(server.process.output.length).toBeGreaterThan(100);
    expect(found(server.process.output)).toEqual([]);
    expect(found(await wholeDirectory(join(folder, 'data')))).toEqual([]);
  });

  if (transport === 'in-process') return;

  test('nothing that JetStream has stored has it', async () => {
    if (nats?.local == null) return;
    expect(stored.some((bytes) => bytes.includes(id))).toBe(true);
    expect(found(Buffer.concat(stored))).toEqual([]);
  });

  test('nothing that went over NATS has it', () => {
    if (nats === null) return;
    const messages = Buffer.concat(sent);
    for (const step of ['send', 'log', 'fail']) expect(messages.includes(`"${step}"`)).toBe(true);
    expect(found(messages)).toEqual([]);
  });
});
