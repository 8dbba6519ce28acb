import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../services/until.ts';
import { Server } from './behest-process.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../workflows.d');

interface Run {
  readonly id: string;
  readonly workflow_id: string;
  readonly status: string;
  readonly cause: { readonly kind: string; readonly name: string };
  readonly output: unknown;
  readonly error?: { readonly message: string };
}

interface FileReference {
  readonly artifact: string;
  readonly name: string;
  readonly size: number;
}

let folder: string;
let server: Server;
const startedAt = Date.now();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-examples-'));
  server = await Server.start(folder, { BEHEST_SOURCE: EXAMPLES });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The run of this workflow that nobody but its manifest asked for, once it has ended. */
async function endOf(workflow: string): Promise<Run> {
  return await until(`${workflow} has ended`, async () => {
    const list = await server.get<{ runs: Run[] }>(`/api/v1/jobs?workflow_id=${workflow}`);
    const found = list.runs.find(({ cause }) => ['apply', 'manifest'].includes(cause.kind));
    if (found === undefined || !['completed', 'failed'].includes(found.status)) return undefined;
    return await server.get<Run>(`/api/v1/jobs/${found.id}`);
  });
}

async function download({ artifact, name }: FileReference): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/artifacts/${artifact}?name=${name}`);
  expect(answer.status).toBe(200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifact);
  return new TextDecoder().decode(bytes);
}

/** February has no 30th: JavaScript moves it to March. */
function sameDay(date: string): boolean {
  const moment = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(date);
}

/** What the two registers hold, told apart by rules of its own: not those of the example. */
async function recount(): Promise<{ good: string[]; bad: number }> {
  const data = join(EXAMPLES, 'import-assets/data');
  const [header = '', ...lines] = (await readFile(join(data, 'assets.csv'), 'utf8'))
    .trimEnd()
    .split(/\r?\n/);
  const names = header.split(',');
  const fromCsv = lines.map((line) => {
    const cells = line.split(',');
    if (cells.length !== names.length) return {};
    return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
  });
  const fromJson = JSON.parse(await readFile(join(data, 'assets.json'), 'utf8')) as object[];
  const good = new Map<string, string>();
  for (const row of [...fromCsv, ...fromJson] as Record<string, string | number>[]) {
    const [tag, type] = [row['tag'], row['type']].map((each) => String(each ?? '').trim());
    const date = String(row['commissioned']).trim();
    const isDate = /^\d{4}-\d\d-\d\d$/.test(date) && sameDay(date);
    const power = String(row['power_kw'] ?? '').trim();
    const isPower = power !== '' && Number(power) >= 0;
    const isKnown = /^(pump|motor|valve|tank|conveyor|transformer)$/i.test(type ?? '');
    const key = (tag ?? '').toUpperCase();
    if (key !== '' && isDate && isPower && isKnown && !good.has(key)) good.set(key, type ?? '');
  }
  return {
    good: [...good.values()].map((type) => type.toLowerCase()),
    bad: fromCsv.length + fromJson.length - good.size,
  };
}

describe('workflows.d, as a clean clone starts it', () => {
  test('all of it is registered without a warning', async () => {
    const { workflows } = await until('the source is applied', async () => {
      const list = await server.get<{ workflows: { id: string }[] }>('/api/v1/workflows');
      return list.workflows.length > 0 ? list : undefined;
    });
    expect(workflows.map(({ id }) => id).toSorted()).toEqual([
      'customer-support-workflow',
      'img-edit-to-video',
      'import-assets',
      'order-dispatch',
      'second-look',
      'site-health',
    ]);
    const { sources } = await server.get<{ sources: { problems: unknown[] }[] }>('/api/v1/sources');
    expect(sources[0]?.problems).toEqual([]);
  });

  test('site-health starts by itself and finds this server well', async () => {
    const run = await endOf('site-health');
    expect([run.status, run.error]).toEqual(['completed', undefined]);
    expect(run.output).toMatchObject({ checked: 3, healthy: 3 });
  });

  test('order-dispatch and second-look start by themselves and complete', async () => {
    const dispatched = await endOf('order-dispatch');
    expect(dispatched.output).toEqual({ carrier: 'post', days: 2, fee: 4.9, total: 68.65 });
    const looked = await endOf('second-look');
    expect(looked.output).toEqual({ before: 2, after: 2, verdict: 'no worse' });
  });

  test('first-import completes with exactly the rows that a recount finds', async () => {
    const run = await endOf('import-assets');
    expect([run.status, run.error, run.cause.name]).toEqual([
      'completed',
      undefined,
      'first-import',
    ]);
    const { good, bad } = await recount();
    expect([good.length + bad, bad]).toEqual([4001, 44]);
    const output = run.output as {
      created: number;
      refused: number;
      by_type: Record<string, number>;
      assets: FileReference;
      errors: FileReference;
    };
    expect([output.created, output.refused]).toEqual([good.length, bad]);
    const byType = Object.groupBy(good, (type) => type);
    expect(output.by_type).toEqual(
      Object.fromEntries(Object.entries(byType).map(([type, list]) => [type, list?.length])),
    );
    expect(JSON.parse(await download(output.assets))).toHaveLength(good.length);
    const report = (await download(output.errors)).trimEnd().split(/\r?\n/);
    expect(report).toHaveLength(bad + 1);
    expect(report[0]).toBe('place,tag,problem');
  });

  test('all that starts by itself has ended within a minute', () => {
    expect(Date.now() - startedAt).toBeLessThan(60_000);
  });

  test('an import with too many bad rows fails, with the reason', async () => {
    const { job_id: id } = await server.post<{ job_id: string }>('/workflows/execute', {
      workflow_id: 'import-assets',
      input: { maxErrorShare: 0.001 },
    });
    const run = await until('it has ended', async () => {
      const now = await server.get<Run>(`/api/v1/jobs/${id}`);
      return now.status === 'failed' || now.status === 'completed' ? now : undefined;
    });
    expect(run.status).toBe('failed');
    expect(run.error?.message).toContain('44 of 4001 rows are bad');
  }, 60_000);

  test('customer-support without an endpoint fails and says what to set', async () => {
    const { job_id: id } = await server.post<{ job_id: string }>('/workflows/execute', {
      workflow_id: 'customer-support-workflow',
      input: { message: 'My printer says PC LOAD LETTER' },
    });
    const run = await until('it has ended', async () => {
      const now = await server.get<Run>(`/api/v1/jobs/${id}`);
      return now.status === 'failed' ? now : undefined;
    });
    expect(run.error?.message).toContain('BEHEST_LLM_BASE_URL');
  });
});
