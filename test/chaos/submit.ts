import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../services/until.ts';

/** Where runs are asked for, and with whose token. */
export interface Door {
  readonly port: number;
  readonly dataDir: string;
}

const PATIENCE_MS = 120_000;
const CALL_LIMIT_MS = 5_000;

/** Starts a run however often the API is away meanwhile: the key makes it one run. */
export async function submitRun(door: Door, key: string): Promise<string> {
  const start = async (): Promise<string> => {
    const body = { workflow_id: 'chain', input: {}, idempotency_key: key };
    const { job_id: id } = await ask<{ job_id: string }>(door, '/workflows/execute', body);
    return id;
  };
  return await until(`run ${key} is accepted`, start, { timeoutMs: PATIENCE_MS });
}

/** Waits until the source with the workflow has been read. */
export async function workflowIsKnown(door: Door): Promise<void> {
  const probe = async () =>
    JSON.stringify(await ask(door, '/workflows/list')).includes('chain') ? true : undefined;
  await until('the workflow is known', probe);
}

async function ask<T>(door: Door, path: string, body?: unknown): Promise<T> {
  const token = (await readFile(join(door.dataDir, 'token'), 'utf8')).trim();
  const answer = await fetch(`http://127.0.0.1:${door.port}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Starts so many runs, spread over this time, a few at once. */
export async function submitRuns(
  door: Door,
  { prefix, count, overMs }: { prefix: string; count: number; overMs: number },
): Promise<string[]> {
  const startedAt = Date.now();
  const ids: string[] = [];
  let next = 0;
  const line = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) {
      const waitMs = startedAt + (number / count) * overMs - Date.now();
      if (waitMs > 0) await new Promise((done) => setTimeout(done, waitMs));
      ids.push(await submitRun(door, `${prefix}-${number}`));
    }
  };
  await Promise.all(Array.from({ length: 8 }, line));
  return ids;
}
