import { execFile } from 'node:child_process';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customerSupport } from '../api/seed-documents.ts';
import { until } from '../services/until.ts';
import { Server } from './behest-process.ts';
import { MediaProvider } from './media-provider.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../workflows.d');
const IMAGE = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(100_000, 7)]);

let folder: string;
let server: Server;
let provider: MediaProvider;
let model: HttpServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-seeds-'));
  provider = await MediaProvider.start();
  model = await startModel();
  await writeFile(join(folder, 'image.jpg'), IMAGE);
  const flows = join(folder, 'flows');
  await cp(EXAMPLES, flows, { recursive: true });
  const config = join(flows, 'img-edit-to-video/config.json');
  const text = await readFile(config, 'utf8');
  const pointed = text.replace('http://127.0.0.1:9099', provider.url);
  if (pointed === text) throw new Error('the example has another default provider now');
  await writeFile(config, pointed);
  server = await Server.start(folder, {
    BEHEST_SOURCE: flows,
    BEHEST_HTTP_ALLOW: '127.0.0.1',
    BEHEST_SECRET_MEDIA_KEY: 'local-key',
    BEHEST_LLM_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
    BEHEST_LLM_API_KEY: 'local',
  });
  await until('the workflows are there', async () => {
    const { workflows } = await server.get<{ workflows: unknown[] }>('/workflows/list');
    return workflows.length > 0 ? true : undefined;
  });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await provider?.stop();
  model?.close();
  await rm(folder, { recursive: true, force: true });
});

/** An OpenAI-compatible endpoint that finds everything with the word "printer" technical. */
async function startModel(): Promise<HttpServer> {
  const made = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const category = text.includes('printer') ? 'technical' : 'general';
      const message = { role: 'assistant', content: JSON.stringify({ category }) };
      const choices = [{ index: 0, finish_reason: 'stop', message }];
      const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };
      const body = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(
          JSON.stringify(
            request.url === '/v1/chat/completions' ? body : { error: { message: 'no' } },
          ),
        );
    });
  });
  await new Promise<void>((done) => made.listen(0, '127.0.0.1', done));
  return made;
}

/** Runs a command as a seed prints it; only its placeholders are filled in. */
async function printed(command: string, job = ''): Promise<string> {
  const filled = command
    .replaceAll('http://localhost:8080', server.url)
    .replaceAll('YOUR_TOKEN', server.token)
    .replaceAll('/path/to/image.jpg', join(folder, 'image.jpg'))
    .replaceAll('123e4567-e89b-12d3-a456-426614174000', job)
    .replace(/123e4567$/m, job)
    .replace(/123e4567 /, `${job} `);
  const { stdout } = await promisify(execFile)('sh', ['-c', filled.replace('curl ', 'curl -sS ')]);
  return stdout;
}

async function parsed<T>(command: string, job?: string): Promise<T> {
  return JSON.parse(await printed(command, job)) as T;
}

async function reaches(job: string, status: string): Promise<void> {
  let last = '';
  await until(`${job} is ${status}`, async () => {
    const run = await server.get<{ status: string; error?: unknown }>(`/api/v1/jobs/${job}`);
    last = run.status;
    if (['failed', 'completed'].includes(last) && last !== status)
      throw new Error(`it is ${last}: ${JSON.stringify(run.error)}`);
    return last === status ? true : undefined;
  });
}

const LIST = 'curl http://localhost:8080/workflows/list';
const EXECUTE = `curl -X POST http://localhost:8080/workflows/execute \\
  -H "Authorization: Bearer YOUR_TOKEN" \\
  -F "workflow_id=img-edit-to-video" \\
  -F "file=@/path/to/image.jpg"`;
const STREAM = `curl http://localhost:8080/jobs/123e4567-e89b-12d3-a456-426614174000/stream \\
  -H "Authorization: Bearer YOUR_TOKEN"`;
const RETRY = `curl -X POST http://localhost:8080/workflows/retry/123e4567 \\
  -H "Authorization: Bearer YOUR_TOKEN"`;

interface Started {
  readonly success: boolean;
  readonly job_id: string;
  readonly stream_url: string;
}

interface Execution {
  readonly status: string;
  readonly retry_count: number;
  readonly next_retry_at: string;
  readonly checkpoints: Record<string, { status: string; output?: unknown; error?: string }>;
  readonly result?: unknown;
}

describe('seed 001, its commands as they are printed', () => {
  test('the list has the workflow as it is printed', async () => {
    const { success, workflows } = await parsed<{ success: boolean; workflows: object[] }>(LIST);
    expect(success).toBe(true);
    expect(workflows).toContainEqual(
      expect.objectContaining({
        id: 'img-edit-to-video',
        name: 'Image Edit to Video',
        description: 'Transform your image with AI, then convert to cinematic video',
        icon: '🎬',
      }),
    );
  });

  test('an uploaded image becomes a video; the stream tells it', async () => {
    const started = await parsed<Started>(EXECUTE);
    expect(started).toMatchObject({
      success: true,
      job_id: expect.any(String) as string,
      stream_url: `/jobs/${started.job_id}/stream`,
    });
    const told = await printed(STREAM, started.job_id);
    expect(told).toMatch(/event: progress\n.*data: \{"step":0,"step_name":"upload","progress":\d/s);
    expect(told).toMatch(/event: checkpoint\n.*data: \{"step":1,"status":"completed","output":\{/s);
    const result = { video_url: `${provider.url}/videos/1.mp4` };
    // Lines of the log may come later than what they tell of.
    expect(told).toMatch(/event: complete\nid: \S+\ndata: .*\n\n(event: log\n.*\n.*\n\n)*$/);
    expect(JSON.parse(/event: complete\n.*\ndata: (.*)\n/.exec(told)?.[1] ?? '')).toEqual({
      result,
    });
    const upload = provider.calls.find(({ path }) => path === '/v1/images');
    expect(upload?.authorization).toBe('Bearer local-key');
    expect(upload?.body.includes(IMAGE)).toBe(true);
    expect(told).not.toContain('local-key');
  });

  test('quota exceeded → pending_retry; a retry goes on from the failed step → completed', async () => {
    provider.videoQuota = 0;
    const before = provider.count('/v1/images');
    const { job_id: job } = await parsed<Started>(EXECUTE);
    await reaches(job, 'pending_retry');
    const show = `curl http://localhost:8080/workflows/execution/${job}`;
    const waiting = await parsed<Execution>(show);
    expect(waiting.checkpoints).toMatchObject({
      '0': { status: 'completed' },
      '1': { status: 'completed' },
      '2': { status: 'failed_retryable' },
    });
    expect(waiting.checkpoints['2']?.error).toContain('429');
    const inMs = Date.parse(waiting.next_retry_at) - Date.now();
    expect(inMs).toBeGreaterThan(4 * 60_000);
    expect(inMs).toBeLessThanOrEqual(5 * 60_000);

    provider.videoQuota = 1;
    expect(await parsed(RETRY, job)).toMatchObject({ success: true, job_id: job });
    await reaches(job, 'completed');
    const done = await parsed<Execution>(show);
    expect(done.result).toEqual({ video_url: `${provider.url}/videos/1.mp4` });
    expect(done.checkpoints['3']).toMatchObject({ status: 'completed' });
    expect(provider.count('/v1/images')).toBe(before + 1);
  }, 60_000);

  test('execute takes JSON as well, and refuses who has no token', async () => {
    const body = `-d '{"workflow_id": "site-health", "input": {"urls": ["/ping"]}}'`;
    const command = `curl -X POST http://localhost:8080/workflows/execute -H 'Content-Type: application/json' ${body}`;
    const refused = await parsed<{ status: number; code: string }>(command);
    expect([refused.status, refused.code]).toEqual([401, 'unauthenticated']);
    const { job_id: job } = await parsed<Started>(
      `${command} -H "Authorization: Bearer YOUR_TOKEN"`,
    );
    await reaches(job, 'completed');
  });
});

const AUTH = '-H "Authorization: Bearer YOUR_TOKEN" -H "Content-Type: application/json"';

function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const data = body === undefined ? '' : ` -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
  return parsed<T>(`curl -X ${method} 'http://localhost:8080${path}' ${AUTH}${data}`);
}

describe('seed 002, its table of endpoints', () => {
  test('the printed workflow is accepted as it is printed', async () => {
    const path = '/api/v1/workflows?namespace=printed';
    const posted = await call('POST', path, customerSupport);
    expect(posted).toMatchObject({ id: 'customer-support-workflow', version: 1 });
  });

  test('a workflow is posted, shown, changed, executed, deleted', async () => {
    const named = { ...customerSupport, name: 'Posted Support' };
    const created = await call<{ id: string; version: number }>('POST', '/api/v1/workflows', named);
    expect(created).toMatchObject({ id: 'posted-support', version: 1 });
    expect(await call('GET', '/api/v1/workflows/posted-support')).toMatchObject({ version: 1 });
    const list = await call<{ workflows: object[] }>('GET', '/api/v1/workflows?page_size=100');
    expect(list.workflows).toContainEqual(expect.objectContaining({ id: 'posted-support' }));
    const supports = ['technical_support', 'general_support'].map((id) => ({
      id,
      type: 'transform',
      config: { output: id },
    }));
    const nodes = [...named.nodes, ...supports];
    const put = await call('PUT', '/api/v1/workflows/posted-support', { ...named, nodes });
    expect(put).toMatchObject({ version: 2 });
    const started = await call<Started>('POST', '/api/v1/workflows/posted-support/execute', {
      input: { message: "My printer says 'PC LOAD LETTER'" },
    });
    await reaches(started.job_id, 'completed');
    expect(await call('GET', `/api/v1/jobs/${started.job_id}`)).toMatchObject({
      output: { technical_support: 'technical_support' },
    });
    expect(await call('DELETE', '/api/v1/workflows/posted-support')).toMatchObject({
      success: true,
    });
    expect(await call('GET', '/api/v1/workflows/posted-support')).toMatchObject({ status: 404 });
  });

  test('the example customer-support takes the branch that the model names', async () => {
    for (const [message, team] of [
      ['My printer is on fire', 'technical'],
      ['What are your hours?', 'general'],
    ]) {
      const path = '/api/v1/workflows/customer-support-workflow/execute';
      const { job_id: job } = await call<Started>('POST', path, { input: { message } });
      await reaches(job, 'completed');
      const run = await call<{ output: unknown }>('GET', `/api/v1/jobs/${job}`);
      expect(run.output).toEqual({ [`${team}_support`]: { team, message } });
    }
  });

  test('jobs are listed, logged and cancelled', async () => {
    const { job_id: job } = await call<Started>('POST', '/api/v1/workflows/second-look/execute', {
      input: { pause: '1h' },
    });
    await reaches(job, 'waiting');
    const list = await call<{ runs: { id: string }[] }>('GET', '/api/v1/jobs?status=waiting');
    expect(list.runs.map(({ id }) => id)).toEqual([job]);
    expect(await call('POST', `/api/v1/jobs/${job}/cancel`)).toMatchObject({ success: true });
    await reaches(job, 'cancelled');
    const runs = await call<{ runs: { id: string }[] }>(
      'GET',
      '/api/v1/jobs?workflow_id=order-dispatch',
    );
    const logs = await call<{ logs: { message: string }[] }>(
      'GET',
      `/api/v1/jobs/${runs.runs[0]?.id}/logs`,
    );
    expect(logs.logs.map(({ message }) => message)).toContain('2 items, 2.5 kg');
  });

  test('node types are listed, shown and tested, with the printed config of each', async () => {
    const { nodes } = await call<{ nodes: { type: string }[] }>('GET', '/api/v1/nodes');
    expect(nodes.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['start', 'llm', 'http', 'code', 'conditional']),
    );
    expect(await call('GET', '/api/v1/nodes/code')).toMatchObject({ type: 'code' });
    const code =
      '\ndef process(input_data):\n    result = input_data * 2\n    return {"output": result}\n        ';
    const tested = await call('POST', '/api/v1/nodes/code/test', {
      config: { language: 'python', code, input_mapping: { input_data: '{{input.value}}' } },
      input: { value: 21 },
    });
    expect(tested).toMatchObject({ success: true, output: { output: 42 } });
  });

  test('health and ping', async () => {
    expect(await parsed('curl http://localhost:8080/health')).toMatchObject({ status: 'ok' });
    expect(await printed('curl http://localhost:8080/ping')).not.toBe('');
  });
});

describe('seed 003', () => {
  test('a submitted task spec is PENDING, and COMPLETED in the end, with its nodes', async () => {
    const spec = {
      name: 'Sum and report',
      input: { value: 20 },
      tasks: [
        {
          id: 'double',
          tool: 'code',
          config: { code: 'def process(n):\n    return n * 2', input: '{{ input.value }}' },
          retries: 1,
          timeout: 30,
        },
        {
          id: 'report',
          tool: 'transform',
          config: { output: { total: '{{ double.output }}' } },
          depends_on: ['double'],
        },
      ],
    };
    const run = await call<{ run_id: string; status: string }>('POST', '/workflows/', spec);
    expect(run.status).toBe('PENDING');
    const ended = await until('it is COMPLETED', async () => {
      const now = await call<{ status: string }>('GET', `/workflows/${run.run_id}`);
      return now.status === 'COMPLETED' ? now : undefined;
    });
    expect(ended).toMatchObject({
      run_id: run.run_id,
      nodes: {
        double: { status: 'COMPLETED', output: 40, attempts: 1 },
        report: { status: 'COMPLETED', output: { total: 40 } },
      },
    });
  });
});
