import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';

import { RunStatus } from '../../src/gen/behest/v1/run_pb.ts';
import { RunService } from '../../src/gen/behest/v1/run_service_pb.ts';
import { SourceService } from '../../src/gen/behest/v1/source_service_pb.ts';
import {
  AppliedObject_Action,
  WorkflowService,
} from '../../src/gen/behest/v1/workflow_service_pb.ts';
import { scratch } from '../source/scratch.ts';
import { behest, fakeTerminal } from './fake-terminal.ts';
import { fakeServer } from './fake-server.ts';

const createdAt = timestampFromDate(new Date('2026-01-01T00:00:00Z'));
const workflows = [
  { id: 'zähler', namespace: 'default', version: 2, createdAt, labels: { a: 'b' } },
  { id: '統計', namespace: 'other', version: 10, createdAt, owner: 'flows' },
];

function library(calls: unknown[] = []) {
  return fakeServer((router) => {
    router.service(WorkflowService, {
      listWorkflows: (request) => {
        calls.push(request);
        return request.pageToken === ''
          ? { workflows: workflows.slice(0, 1), nextPageToken: 'more' }
          : { workflows: workflows.slice(1) };
      },
      getWorkflow: ({ workflowId }) => {
        const found = workflows.find(({ id }) => id === workflowId);
        if (found === undefined) throw new ConnectError(`no ${workflowId}`, Code.NotFound);
        return found;
      },
      deleteWorkflow: ({ workflowId }) => ({ success: true, id: workflowId }),
      applyManifest: (request) => {
        calls.push(request);
        const object = { kind: 'Workflow', name: 'hello', version: 1 };
        return { objects: [{ ...object, action: AppliedObject_Action.CREATED }] };
      },
    });
    router.service(RunService, {
      listRuns: () => ({ runs: [{ id: '01234567-aaaa', status: RunStatus.PENDING_RETRY }] }),
    });
    router.service(SourceService, { listSources: () => ({ sources: [] }) });
  });
}

describe('get', () => {
  it('all pages → a table aligned by display width', async () => {
    const { url } = await library();
    const { code, out } = await behest(['get', 'wf', '--server', url]);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'NAME     VERSION   STEPS   SOURCE   AGE',
        'zähler   2         0       (api)    60m',
        '統計     10        0       flows    60m',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [['-o', 'name'], 'workflow/zähler\nworkflow/統計\n'],
    [['--no-headers', '--sort-by', 'version'], /^zähler.*\n統計.*\n$/],
    [['--sort-by', '.owner', '-o', 'name'], 'workflow/統計\nworkflow/zähler\n'],
    [['-A'], /^NAMESPACE +NAME/],
  ])('%j → as asked', async (args, expected) => {
    const { url } = await library();
    const { out } = await behest(['get', 'workflows', '--server', url, ...args]);
    expect(out).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  });

  it('-o json → a List of the REST form; one name → the object itself', async () => {
    const { url } = await library();
    const list = await behest(['get', 'runs', '-o', 'json', '--server', url]);
    expect(JSON.parse(list.out)).toMatchObject({
      kind: 'List',
      items: [{ id: '01234567-aaaa', status: 'pending_retry' }],
    });
    const one = await behest(['get', 'workflow/zähler', '-o', 'json', '--server', url]);
    expect(JSON.parse(one.out)).toMatchObject({ id: 'zähler', created_at: '2026-01-01T00:00:00Z' });
    const yaml = await behest(['get', 'wf', 'zähler', '-o', 'yaml', '--server', url]);
    expect(yaml.out).toContain('id: zähler\n');
  });

  it('nothing there → says so on standard error, code 0', async () => {
    const { url } = await library();
    const outcome = await behest(['get', 'src', '--server', url]);
    expect(outcome).toEqual({ code: 0, out: '', err: 'Nothing found.\n' });
  });

  it('-n, -A and -l → reach the server', async () => {
    const calls: unknown[] = [];
    const { url } = await library(calls);
    const terminal = fakeTerminal({ environment: { BEHEST_SERVER: url, BEHEST_NAMESPACE: 'env' } });
    await behest(['get', 'wf', '-l', 'a=b'], terminal);
    await behest(['get', 'wf', '-n', 'x'], terminal);
    await behest(['get', 'wf', '-A'], terminal);
    const firsts = [0, 2, 4].map((i) => calls[i]);
    expect(firsts).toMatchObject([
      { namespace: 'env', labelSelector: 'a=b' },
      { namespace: 'x' },
      { namespace: '-' },
    ]);
  });
});

describe('exit codes', () => {
  it.each([
    [['get', 'wf', 'gone'], 3, 'no gone'],
    [['get', 'wf', 'gone', '--ignore-not-found'], 0, 'Nothing found'],
    [['get', 'wrkflows'], 2, 'Did you mean workflows?'],
    [['get'], 2, 'missing required argument'],
    [['gte', 'runs'], 2, 'Did you mean get?'],
    [['get', 'runs', '-o', 'xml'], 2, 'Allowed choices'],
    [['get', 'runs', '--status', 'done'], 2, 'expected one of pending'],
    [['get', 'wf', '--sort-by', 'nope'], 2, 'no object has this field'],
    [['get', 'run', 'abc'], 2, 'first 8 characters'],
    [['get', 'wf', '--server', 'nonsense'], 2, 'is no server'],
    [['get', 'wf', '--server', 'http://127.0.0.1:1'], 7, 'behest up'],
    [['delete', 'wf', 'a'], 2, '--yes'],
    [['delete', 'run', 'a'], 2, 'behest cancel'],
    [['apply'], 2, 'required option'],
    [['apply', '-f', '/nowhere'], 2, 'cannot read /nowhere'],
    [['validate', '/nowhere'], 2, 'cannot read /nowhere'],
    [['explain', 'workflow.spec.stps'], 3, 'workflow.spec.steps'],
    [['diff', '-f', '/nowhere'], 2, 'cannot read /nowhere'],
  ])('%j → %d', async (args, code, message) => {
    const { url } = await library();
    const terminal = fakeTerminal({ environment: { BEHEST_SERVER: url } });
    const outcome = await behest(args, terminal);
    expect(outcome).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
  });

  it.each([
    [Code.InvalidArgument, 4],
    [Code.AlreadyExists, 5],
    [Code.FailedPrecondition, 5],
    [Code.PermissionDenied, 6],
    [Code.Unauthenticated, 6],
    [Code.Unavailable, 7],
    [Code.DeadlineExceeded, 8],
    [Code.Internal, 1],
  ])('the server refuses with %d → %d', async (refusal, code) => {
    const { url } = await fakeServer((router) =>
      router.service(WorkflowService, {
        listWorkflows: () => {
          throw new ConnectError('because', refusal);
        },
      }),
    );
    const outcome = await behest(['get', 'wf', '--server', url]);
    expect(outcome).toMatchObject({ code, err: expect.stringContaining('because') });
  });
});

describe('tokens', () => {
  it('BEHEST_TOKEN, a token file, the local file → sent; none → anonymous', async () => {
    const { url, tokens } = await library();
    const data = scratch();
    writeFileSync(join(data, 'token'), 'local\n');
    const local = { BEHEST_SERVER: url, BEHEST_DATA_DIR: data };
    await behest(['get', 'src'], fakeTerminal({ environment: local }));
    const both = { ...local, BEHEST_TOKEN: 'given' };
    await behest(['get', 'src'], fakeTerminal({ environment: both }));
    writeFileSync(join(data, 'other'), 'file');
    const file = ['--token-file', join(data, 'other')];
    await behest(['get', 'src', ...file], fakeTerminal({ environment: both }));
    const none = { BEHEST_SERVER: url, BEHEST_DATA_DIR: '/nowhere' };
    await behest(['get', 'src'], fakeTerminal({ environment: none }));
    expect(tokens).toEqual(['Bearer local', 'Bearer given', 'Bearer file', undefined]);
  });
});

const hello = `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: hello }
spec:
  steps:
    - { id: greet, type: transform, config: { output: hi } }
`;

describe('manifests', () => {
  it('apply → checked here, then sent; -f - reads standard input', async () => {
    const calls: unknown[] = [];
    const { url } = await library(calls);
    const terminal = fakeTerminal({ readStdin: () => Promise.resolve(hello) });
    const outcome = await behest(['apply', '-f', '-', '--server', url], terminal);
    expect(outcome).toMatchObject({ code: 0, out: 'workflow/hello created version 1\n' });
    expect(calls).toMatchObject([{ text: hello, validateOnly: false }]);
  });

  it('apply of a wrong manifest → its place, and nothing is sent', async () => {
    const calls: unknown[] = [];
    const { url } = await library(calls);
    const wrong = hello.replace('type: transform', 'type: tranform');
    const terminal = fakeTerminal({ readStdin: () => Promise.resolve(wrong) });
    const outcome = await behest(['apply', '-f', '-', '--server', url], terminal);
    expect(outcome.code).toBe(4);
    expect(outcome.err).toMatch(/stdin\.yaml:6:\d+ error .*tranform[\s\S]*transform/);
    expect(calls).toEqual([]);
  });

  it('diff → 1 and what would be created', async () => {
    const { url } = await library();
    const terminal = fakeTerminal({ readStdin: () => Promise.resolve(hello) });
    const outcome = await behest(['diff', '-f', '-', '--server', url], terminal);
    expect(outcome).toEqual({ code: 1, out: 'workflow/hello would be created\n', err: '' });
  });

  it('validate → no server; a file, a directory, wrong ones 4', async () => {
    const root = scratch();
    writeFileSync(join(root, 'good.yaml'), hello);
    expect((await behest(['validate', root])).code).toBe(0);
    writeFileSync(join(root, 'bad.yaml'), hello.replace('config:', 'cnfig:'));
    expect((await behest(['validate', join(root, 'good.yaml')])).code).toBe(0);
    const outcome = await behest(['validate', root, '-o', 'json']);
    expect(outcome.code).toBe(4);
    expect(JSON.parse(outcome.out).items[0]).toMatchObject({ file: 'bad.yaml', line: 6 });
  });

  it('explain → the field and those below', async () => {
    const { code, out } = await behest(['explain', 'workflow.spec.steps.retry']);
    expect(code).toBe(0);
    expect(out).toMatch(/^workflow\.spec\.steps\.retry[\s\S]*FIELDS\n {2}maxAttempts/);
  });
});

it('delete → asks a person, and only deletes on yes', async () => {
  const { url } = await library();
  const args = ['delete', 'wf/a', '--server', url];
  const yes = await behest(args, fakeTerminal({ ask: () => Promise.resolve('y') }));
  expect(yes).toMatchObject({ code: 0, out: 'workflow/a deleted\n' });
  const no = await behest(args, fakeTerminal({ ask: () => Promise.resolve('') }));
  expect(no).toMatchObject({ code: 1, out: '' });
});

it.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ TERM: 'dumb' }, true, false],
])('environment %j, terminal %s → colour %s', async (environment, isInteractive, isColoured) => {
  const { url } = await library();
  const terminal = fakeTerminal({ environment, isInteractive });
  const { out } = await behest(['get', 'runs', '--server', url], terminal);
  expect(out.includes('\u001b[')).toBe(isColoured);
});
