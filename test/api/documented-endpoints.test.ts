import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HardError, RetryableError } from '../../src/nodes/errors.ts';
import { startApiRig, TOKEN, type ApiRig } from './api-rig.ts';
import { curl } from './curl.ts';
import { customerSupport, taskSpec } from './seed-documents.ts';

let api: ApiRig;
let folder: string;
let image: string;
const signedIn = ['-H', `Authorization: Bearer ${TOKEN}`];
const asJson = ['-H', 'Content-Type: application/json'];

beforeAll(async () => {
  api = await startApiRig();
  folder = await mkdtemp(join(tmpdir(), 'behest-api-'));
  image = join(folder, 'image.jpg');
  await writeFile(image, Buffer.from([0xff, 0xd8, 0xff, 0, 1, 2, 3]));
  let quota = 0;
  api.rig.behaviours['upload'] = () => ({ image_url: 'https://img.example/1.jpg' });
  api.rig.behaviours['video'] = () => {
    quota += 1;
    if (quota === 1) throw new RetryableError('quota', 'Quota exceeded');
    return { video_url: 'https://img.example/1.mp4' };
  };
  api.rig.behaviours['refuse'] = () => {
    throw new HardError('invalid_input', 'This can never work');
  };
  await api.rig.register('img-edit-to-video', [
    { id: 'upload', type: 'act', config: { do: 'upload' } },
    { id: 'image_edit', type: 'act', config: { do: 'upload' } },
    { id: 'video', type: 'act', config: { do: 'video' }, retry: { maxAttempts: 1 } },
  ]);
  await api.rig.register('hopeless', [{ id: 'refuse', type: 'act', config: { do: 'refuse' } }]);
  await api.rig.register('slow', [{ id: 'nap', type: 'wait', config: { duration: '1h' } }]);
  await api.rig.register('echo', [
    { id: 'say', type: 'transform', config: { output: '{{ input }}' } },
  ]);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await api?.stop();
});

const at = (path: string): string => `${api.server.url}${path}`;

async function finished(
  runId: string,
  status: 'completed' | 'failed' = 'completed',
): Promise<void> {
  await api.rig.status(runId, status);
}

describe('seed 001, with its own curl commands', () => {
  test('GET /workflows/list lists id, name, description, icon and steps', async () => {
    const { status, body } = await curl(at('/workflows/list'));
    expect(status).toBe(200);
    const { success, workflows } = JSON.parse(body);
    expect(success).toBe(true);
    const found = workflows.find(({ id }: { id: string }) => id === 'img-edit-to-video');
    expect(found).toMatchObject({ name: 'Flow', description: '', icon: '' });
    expect(found.steps[0]).toMatchObject({ name: 'upload', type: 'act' });
    expect(found.steps).toHaveLength(3);
  });

  test('execute with a file, fail on quota, show checkpoints, retry by a short id, stream', async () => {
    const started = await curl(
      ...['-X', 'POST', at('/workflows/execute'), ...signedIn],
      ...['-F', 'workflow_id=img-edit-to-video', '-F', `file=@${image}`, '-F', 'size=[1,2]'],
    );
    expect(started.status).toBe(200);
    const { success, job_id: runId, stream_url } = JSON.parse(started.body);
    expect(success).toBe(true);
    expect(stream_url).toBe(`/jobs/${runId}/stream`);
    await api.rig.status(runId, 'pending_retry');

    const shown = await curl(at(`/workflows/execution/${runId}`));
    const execution = JSON.parse(shown.body);
    expect(execution).toMatchObject({ success: true, status: 'pending_retry', current_step: 2 });
    expect(execution.checkpoints).toMatchObject({
      '0': { status: 'completed', output: { image_url: 'https://img.example/1.jpg' } },
      '1': { status: 'completed' },
      '2': { status: 'failed_retryable', error: 'Quota exceeded' },
    });
    expect(execution.checkpoints_by_id.video).toEqual(execution.checkpoints['2']);
    const { artifact, ...file } = execution.input.file;
    expect(file).toEqual({ name: 'image.jpg', size: 7, media_type: 'image/jpeg' });
    expect(Buffer.from((await api.rig.store.library.getBlob(artifact))!)).toHaveLength(7);
    expect(execution.input.size).toEqual([1, 2]);

    const retried = await curl(
      ...['-X', 'POST', at(`/workflows/retry/${runId.slice(0, 30)}`), ...signedIn],
    );
    expect(JSON.parse(retried.body)).toMatchObject({ success: true, job_id: runId });
    await finished(runId);

    const streamed = await curl(at(`/jobs/${runId}/stream`), ...signedIn);
    expect(streamed.body).toMatch(
      /event: progress\nid: \S+\ndata: \{"step":0,"step_name":"upload","progress":0,/,
    );
    expect(streamed.body).toMatch(
      /event: checkpoint\nid: \S+\ndata: \{"step":1,"status":"completed","output":\{/,
    );
    expect(streamed.body).toContain('"status":"failed_retryable"');
    expect(streamed.body).toMatch(/event: complete\nid: \S+\ndata: \{"result":\{.*\}\}\n\n$/);
  });

  test('POST /workflows/execute takes JSON, also when curl calls it a form', async () => {
    const body = JSON.stringify({ workflow_id: 'echo', input: { a: 1 } });
    for (const type of [asJson, []]) {
      const { status, body: answer } = await curl(
        at('/workflows/execute'),
        ...signedIn,
        ...type,
        '-d',
        body,
      );
      expect(status).toBe(200);
      const { job_id: runId } = JSON.parse(answer);
      await finished(runId);
      expect((await api.rig.run(runId)).output).toEqual({ say: { a: 1 } });
    }
  });

  test('a hard failure is failed_hard, and its stream ends with an error event', async () => {
    const runId = await api.execute('hopeless');
    await finished(runId, 'failed');
    const { json } = await api.call('GET', `/workflows/execution/${runId}`);
    expect(json.checkpoints['0']).toMatchObject({
      status: 'failed_hard',
      error: 'This can never work',
    });
    const { body } = await curl(at(`/jobs/${runId}/stream`));
    expect(body).toMatch(/event: error\nid: \S+\ndata: \{"error":".*","status":"failed"/);
  });
});

describe('seed 002: /api/v1', () => {
  test('a workflow lives: create, get, update, versions, execute, delete', async () => {
    const graph = {
      ...customerSupport,
      name: 'Life of a workflow',
      nodes: [
        { id: 'start', type: 'start', config: {} },
        { id: 'echo', type: 'transform', config: { output: '{{input.message}}' } },
      ],
      edges: [{ source: 'start', target: 'echo' }],
    };
    const created = await api.call('POST', '/api/v1/workflows', graph);
    expect(created.json).toMatchObject({ id: 'life-of-a-workflow', name: graph.name, version: 1 });
    const path = `/api/v1/workflows/${created.json.id}`;
    expect((await api.call('POST', '/api/v1/workflows', graph)).status).toBe(409);
    expect((await api.call('GET', path)).json).toMatchObject({ digest: created.json.digest });

    const updated = await api.call('PUT', path, {
      ...graph,
      nodes: [graph.nodes[0], { id: 'echo', type: 'transform', config: { output: 'changed' } }],
    });
    expect(updated.json).toMatchObject({ version: 2, warnings: [] });
    const same = await api.call('PUT', path, updated.json.manifest);
    expect(same.json.version).toBe(2);
    const { json } = await api.call('GET', `${path}/versions`);
    expect(json.versions.map(({ number }: { number: number }) => number)).toEqual([2, 1]);
    const first = await api.call('GET', `${path}/versions/1`);
    expect(first.json.manifest.metadata.name).toBe('life-of-a-workflow');

    const run = await api.call('POST', `${path}/execute`, { input: { message: 'hi' }, version: 1 });
    await finished(run.json.job_id);
    expect((await api.rig.run(run.json.job_id)).output).toEqual({ echo: 'hi' });
    expect((await api.call('DELETE', path)).json).toMatchObject({ success: true });
    expect((await api.call('GET', path)).status).toBe(404);
    expect((await api.call('POST', `${path}/execute`, { input: {} })).status).toBe(404);
    expect((await api.call('GET', `/api/v1/jobs/${run.json.job_id}`)).json.status).toBe(
      'completed',
    );
  });

  test('the graph as it is printed is created', async () => {
    const { status, json } = await api.call('POST', '/api/v1/workflows/', customerSupport);
    expect([status, json.detail]).toEqual([200, undefined]);
    expect(json).toMatchObject({
      id: 'customer-support-workflow',
      name: 'Customer Support Workflow',
    });
  });

  test('jobs are listed, filtered, paged without gaps, shown, cancelled', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await api.execute('slow', { n }));
    const pages: string[] = [];
    let token = '';
    do {
      const query = `workflow_id=slow&page_size=2&page_token=${token}`;
      const { json } = await api.call('GET', `/api/v1/jobs?${query}`);
      pages.push(...json.runs.map(({ id }: { id: string }) => id));
      token = json.next_page_token;
    } while (token !== '');
    expect(pages).toEqual(ids.toReversed());

    const oldest = ids[0]!;
    await api.rig.status(oldest, 'waiting');
    const cancelled = await api.call('POST', `/api/v1/jobs/${oldest}/cancel`, { reason: 'enough' });
    expect(cancelled.json).toMatchObject({ success: true, job_id: ids[0] });
    await api.rig.status(oldest, 'cancelled');
    const shown = await api.call('GET', `/api/v1/jobs/${oldest}`);
    expect(shown.json).toMatchObject({ status: 'cancelled', steps: [{ status: 'cancelled' }] });
    expect(shown.json.error.message).toContain('cancelled by local: enough');
    const again = await api.call('POST', `/api/v1/jobs/${oldest}/cancel`);
    expect([again.status, again.json.code]).toEqual([409, 'failed_precondition']);
    const query = 'status=CANCELLED&status=RUN_STATUS_FAILED&workflow_id=slow&order_by=created_at';
    const filtered = await api.call('GET', `/api/v1/jobs/?${query}`);
    expect(filtered.json.runs.map(({ id }: { id: string }) => id)).toEqual([ids[0]]);
    for (const id of ids.slice(1)) await api.call('POST', `/api/v1/jobs/${id}/cancel`);
  });

  test('nodes are listed, shown and tested', async () => {
    const list = await api.call('GET', '/api/v1/nodes');
    const types = list.json.nodes.map(({ type }: { type: string }) => type);
    expect(types).toEqual(expect.arrayContaining(['llm', 'http', 'code', 'conditional', 'start']));
    const shown = await api.call('GET', '/api/v1/nodes/http');
    expect(shown.json).toMatchObject({ type: 'http', schema: { type: 'object' } });
    const missing = await api.call('GET', '/api/v1/nodes/htpt');
    expect([missing.status, missing.json.detail]).toEqual([404, expect.stringContaining('"http"')]);

    const good = await api.call('POST', '/api/v1/nodes/transform/test', {
      config: { output: '{{ input.a + 1 }}' },
      input: { a: 2 },
    });
    expect(good.json).toMatchObject({ success: true, output: 3 });
    const failed = await api.call('POST', '/api/v1/nodes/act/test', { config: { do: 'refuse' } });
    expect(failed.status).toBe(200);
    expect(failed.json).toMatchObject({
      success: false,
      error: { class: 'hard', code: 'invalid_input' },
    });
    const bad = await api.call('POST', '/api/v1/nodes/transform/test', { config: { outptu: 1 } });
    expect([bad.status, bad.json.problems[0].code]).toEqual([400, 'unknown-field']);
    const { json } = await api.call('GET', '/api/v1/workflows');
    const names = json.workflows.map(({ id }: { id: string }) => id);
    expect(names.filter((id: string) => id.startsWith('node-test'))).toEqual([]);
  });
});

describe('seed 003', () => {
  test('GET /health and /ping say that all is well', async () => {
    expect(JSON.parse((await curl(at('/health'))).body)).toMatchObject({ status: 'ok' });
    expect((await curl(at('/ping'))).status).toBe(200);
    expect((await curl(at('/ready'))).status).toBe(200);
  });

  test('POST /workflows/ executes a task spec, GET /workflows/{run_id} shows upper-case words', async () => {
    for (const path of ['/workflows/', '/workflows']) {
      const { json } = await api.call('POST', path, taskSpec);
      expect(json).toMatchObject({ status: 'PENDING', nodes: { double: { status: 'PENDING' } } });
      await finished(json.run_id);
      const shown = await api.call('GET', `/workflows/${json.run_id}`);
      expect(shown.json).toMatchObject({
        run_id: json.run_id,
        status: 'COMPLETED',
        nodes: {
          double: { status: 'COMPLETED', output: 40, attempts: 1 },
          report: { status: 'COMPLETED', output: { total: 40 } },
        },
      });
    }
  });
});
