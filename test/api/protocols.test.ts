import { Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunStatus } from '../../src/gen/behest/v1/run_pb.ts';
import { RunService } from '../../src/gen/behest/v1/run_service_pb.ts';
import { BadRequestSchema } from '../../src/gen/google/rpc/error_details_pb.ts';
import { startApiRig, TOKEN, type ApiRig } from './api-rig.ts';
import { curl } from './curl.ts';
import { grpcClient, signedIn, unary } from './grpc-client.ts';

let api: ApiRig;
beforeAll(async () => {
  api = await startApiRig();
  await api.rig.register('echo', {
    input: {
      type: 'object',
      required: ['url'],
      properties: { url: { type: 'string', format: 'uri' } },
    },
    steps: [{ id: 'say', type: 'transform', config: { output: '{{ input.url }}' } }],
  });
});
afterAll(() => api?.stop());

const runService = { file: 'behest/v1/run_service.proto', service: 'behest.v1.RunService' };
const address = (): string => `127.0.0.1:${api.server.port}`;

describe('grpc-js, from the proto, over h2c', () => {
  test('executes, watches to the end, and reads the run', async () => {
    const client = await grpcClient(address(), runService);
    const input = { structValue: { fields: { url: { stringValue: 'https://a.example/' } } } };
    const started = await unary<{ job_id: string }>(client, 'Execute', {
      workflow_id: 'echo',
      input,
    });
    const events: { event: string; complete?: { result: unknown } }[] = [];
    const stream = client['WatchRun']!({ run_id: started.job_id }, signedIn());
    for await (const event of stream) events.push(event as never);
    expect(events.map(({ event }) => event)).toEqual([
      'progress',
      'status',
      'checkpoint',
      'complete',
    ]);
    const run = await unary<{ status: string }>(client, 'GetRun', { run_id: started.job_id });
    expect(run.status).toBe('RUN_STATUS_COMPLETED');
    client.close();
  });

  test('errors carry google.rpc.BadRequest', async () => {
    const client = await grpcClient(address(), runService);
    const failure = unary(client, 'Execute', { workflow_id: 'echo' });
    await expect(failure).rejects.toMatchObject({ code: 3, details: 'input/url: is required' });
    const error = await failure.catch(
      (each: { metadata: { get(key: string): unknown[] } }) => each,
    );
    const [details] = (error as { metadata: { get(key: string): Buffer[] } }).metadata.get(
      'grpc-status-details-bin',
    );
    expect(details!.toString('latin1')).toContain('google.rpc.BadRequest');
    client.close();
  });

  test('a hundred mistakes → as many as trailers hold, the first ones', async () => {
    const client = await grpcClient(address(), {
      file: 'behest/v1/workflow_service.proto',
      service: 'behest.v1.WorkflowService',
    });
    const head = 'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n';
    const wrong = Array.from(
      { length: 100 },
      (_, index) => `  wrong${index}${'x'.repeat(300)}: 1\n`,
    );
    const text = `${head}  steps: [{ id: a, type: end }]\n${wrong.join('')}`;
    const failure: unknown = await unary(client, 'ApplyManifest', { text }).catch((each) => each);
    expect(failure).toMatchObject({ code: 3, details: expect.stringContaining('and 99 more') });
    const { metadata } = failure as { metadata: { get(key: string): Buffer[] } };
    const [details] = metadata.get('grpc-status-details-bin');
    expect(details!.length).toBeLessThan(6000);
    expect(details!.toString('latin1')).toContain('Unknown field "wrong0x');
    const over = await api.call('POST', '/api/v1/apply', { text });
    expect(over.json.problems).toHaveLength(100);
    client.close();
  });

  test('health answers for the server and each service', async () => {
    const client = await grpcClient(address(), {
      file: 'health/v1/health.proto',
      service: 'grpc.health.v1.Health',
    });
    for (const service of ['', 'behest.v1.RunService']) {
      expect(await unary(client, 'Check', { service })).toEqual({ status: 'SERVING' });
    }
    await expect(unary(client, 'Check', { service: 'no.such' })).rejects.toMatchObject({ code: 5 });
    client.close();
  });

  test.each(['v1', 'v1alpha'])(
    'reflection %s lists the services and gives their files',
    async (version) => {
      const client = await grpcClient(address(), {
        file: `grpc/reflection/${version}/reflection.proto`,
        service: `grpc.reflection.${version}.ServerReflection`,
      });
      const call = client['ServerReflectionInfo']!(signedIn());
      call.write({ list_services: '' });
      call.write({ file_containing_symbol: 'behest.v1.RunService.WatchRun' });
      call.write({ file_containing_symbol: 'no.Such' });
      call.end();
      const answers: Record<
        string,
        { service: { name: string }[]; file_descriptor_proto: Buffer[]; error_code: number }
      >[] = [];
      for await (const answer of call) answers.push(answer as never);
      const names = answers[0]!['list_services_response']!.service.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['behest.v1.RunService', 'grpc.health.v1.Health']),
      );
      const files = answers[1]!['file_descriptor_response']!.file_descriptor_proto.map((bytes) =>
        fromBinary(FileDescriptorProtoSchema, bytes),
      );
      expect(files[0]!.name).toBe('behest/v1/run_service.proto');
      const known = new Set(files.map(({ name }) => name));
      const imported = files.flatMap(({ dependency }) => dependency);
      expect(imported.filter((name) => !known.has(name))).toEqual([]);
      expect(answers[2]!['error_response']!.error_code).toBe(5);
      client.close();
    },
  );
});

describe('connect-es speaks its three protocols to the same port', () => {
  const table = [
    [
      'Connect over HTTP/1.1',
      (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '1.1' }),
    ],
    [
      'Connect over HTTP/2',
      (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '2' }),
    ],
    [
      'gRPC-Web over HTTP/1.1',
      (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
    ],
    ['gRPC over HTTP/2', (baseUrl: string) => createGrpcTransport({ baseUrl })],
  ] as const;
  test.each(table)('%s', async (_, transport) => {
    const client = createClient(RunService, transport(api.server.url));
    const headers = { authorization: `Bearer ${TOKEN}` };
    const runId = await api.execute('echo', { url: 'https://b.example/' });
    const seen: (string | undefined)[] = [];
    for await (const { event } of client.watchRun({ runId }, { headers })) seen.push(event.case);
    expect(seen.at(-1)).toBe('complete');
    expect((await client.getRun({ runId }, { headers })).status).toBe(RunStatus.COMPLETED);
    const failure = await client.getRun({ runId: 'short' }, { headers }).catch(ConnectError.from);
    expect(failure).toMatchObject({ code: Code.InvalidArgument });
    const [details] = (failure as ConnectError).findDetails(BadRequestSchema);
    expect(details!.fieldViolations[0]).toMatchObject({ field: 'run_id' });
  });

  test('Connect JSON is standard: camelCase and full enum names', async () => {
    const runId = await api.execute('echo', { url: 'https://c.example/' });
    await api.rig.status(runId, 'completed');
    const { body } = await curl(
      ...['-H', 'Content-Type: application/json', '-d', JSON.stringify({ runId })],
      `${api.server.url}/behest.v1.RunService/GetRun`,
    );
    expect(JSON.parse(body)).toMatchObject({ workflowId: 'echo', status: 'RUN_STATUS_COMPLETED' });
  });
});

describe('HTTP', () => {
  test.each([['--http1.1'], ['--http2-prior-knowledge'], ['--http1.0']])(
    'curl %s is answered',
    async (flag) => {
      const { status, body } = await curl(flag, `${api.server.url}/workflows/list`);
      expect([status, JSON.parse(body).success]).toEqual([200, true]);
    },
  );

  test('REST over HTTP/2 streams and uploads', async () => {
    const { body } = await curl(
      ...['--http2-prior-knowledge', '-H', `Authorization: Bearer ${TOKEN}`],
      ...[
        '-F',
        'workflow_id=echo',
        '-F',
        'url=https://d.example/',
        `${api.server.url}/workflows/execute`,
      ],
    );
    const { stream_url } = JSON.parse(body);
    const streamed = await curl('--http2-prior-knowledge', `${api.server.url}${stream_url}`);
    expect(streamed.body).toContain('event: complete');
  });

  test('HEAD has the headers of GET and no body; OPTIONS says what is allowed', async () => {
    const head = await fetch(`${api.server.url}/workflows/list`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(10);
    const options = await fetch(`${api.server.url}/api/v1/workflows`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST']);
  });

  test('large answers are compressed for who takes gzip', async () => {
    const answer = await fetch(`${api.server.url}/api/v1/nodes`, {
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.json()).toHaveProperty('nodes');
  });
});
