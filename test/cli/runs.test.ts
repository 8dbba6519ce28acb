import { Code, ConnectError } from '@connectrpc/connect';
import { expect, it, vi } from 'vitest';

import { LogLevel } from '../../src/gen/behest/v1/event_pb.ts';
import { CheckpointStatus, RunStatus, StepStatus } from '../../src/gen/behest/v1/run_pb.ts';
import { RunService } from '../../src/gen/behest/v1/run_service_pb.ts';
import { behest, fakeTerminal } from './fake-terminal.ts';
import { fakeServer } from './fake-server.ts';
import { exitCodesPage } from './exit-codes-page.ts';

const id = '01234567-89ab-7000-8000-000000000000';
const checkpoint = { stepId: 'greet', status: CheckpointStatus.COMPLETED, attempt: 1 };
const event = { case: 'checkpoint', value: checkpoint } as const;

/** A server with one run that ends so. */
function server(status: RunStatus, parts: Parameters<typeof runService>[1] = {}) {
  return fakeServer((router) => router.service(RunService, runService(status, parts)));
}

function runService(
  status: RunStatus,
  { executed = [], cursors = [], breakOnce = false, hang = false }: Parts,
) {
  let isBroken = !breakOnce;
  const run = {
    id,
    status,
    output: { kind: { case: 'stringValue', value: 'hi' } } as const,
    steps: [{ id: 'greet', status: StepStatus.PENDING }],
    error: { message: 'it broke', stepId: 'greet' },
  };
  return {
    execute: (request: unknown) => {
      executed.push(request);
      return { success: true, jobId: id };
    },
    getRun: () => run,
    listRuns: () => ({ runs: [run] }),
    async *watchRun({ cursor }: { cursor: string }, { signal }: { signal: AbortSignal }) {
      cursors.push(cursor);
      yield { cursor: cursor === '' ? '1' : '2', event };
      if (!isBroken) {
        isBroken = true;
        throw new ConnectError('going away', Code.Unavailable);
      }
      if (status === RunStatus.COMPLETED) {
        yield { cursor: '3', event: { case: 'complete', value: {} } as const };
      }
      if (hang) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    getLogs: () => ({
      logs: [
        { cursor: '1', stepId: 'greet', message: 'one', level: LogLevel.INFO },
        { cursor: '2', stepId: 'greet', message: '\u001b[31mtwo', level: LogLevel.ERROR },
      ],
    }),
  };
}

interface Parts {
  readonly executed?: unknown[];
  readonly cursors?: string[];
  readonly breakOnce?: boolean;
  readonly hang?: boolean;
}

it.each([
  [RunStatus.COMPLETED, 0, '"hi"\n', /greet completed.*\nrun completed/],
  [RunStatus.FAILED, 10, '', /failed at step greet: it broke\n.*behest retry/],
  [RunStatus.CANCELLED, 11, '', /was cancelled/],
])('a watched run ends with %d → %d', async (status, code, out, err) => {
  const { url } = await server(status);
  const outcome = await behest(['run', 'hello', '--watch', '--server', url]);
  expect(outcome).toEqual({ code, out, err: expect.stringMatching(err) });
});

it('run without waiting → its name on standard output, the hint beside it', async () => {
  const { url } = await server(RunStatus.PENDING);
  const outcome = await behest(['run', 'hello', '--server', url]);
  expect(outcome).toEqual({ code: 0, out: `run/${id}\n`, err: `Watch it: behest watch ${id}\n` });
});

it('input from options over a file → JSON where it parses', async () => {
  const executed: unknown[] = [];
  const { url } = await server(RunStatus.PENDING, { executed });
  const terminal = fakeTerminal({ readStdin: () => Promise.resolve('a: 1\nb: old') });
  const args = ['-i', 'b=text', '-i', 'c=[1]', '--input-file', '-', '--label', 'x=y'];
  await behest(['run', 'wf/hello', ...args, '--server', url], terminal);
  expect(executed).toMatchObject([{ workflowId: 'hello', labels: { x: 'y' } }]);
  expect(JSON.stringify(executed[0])).toMatch(/"a".*numberValue.*1.*"b".*text.*"c".*listValue/);
});

it('a lost connection → taken up again after the last event, without repeating it', async () => {
  const cursors: string[] = [];
  const { url } = await server(RunStatus.COMPLETED, { cursors, breakOnce: true });
  const { code } = await behest(['watch', '@latest', '--server', url]);
  expect(code).toBe(0);
  expect(cursors).toEqual(['', '1']);
});

it('Ctrl-C while waiting → detaches, and says how to come back', async () => {
  const { url } = await server(RunStatus.RUNNING, { hang: true });
  const terminal = fakeTerminal();
  const outcome = behest(['watch', id, '--server', url], terminal);
  await vi.waitFor(() => expect(terminal.written.err).toContain('greet completed'), {
    timeout: 15_000,
  });
  terminal.interrupt();
  expect(await outcome).toMatchObject({ code: 130, err: expect.stringContaining(`watch ${id}`) });
});

it('--timeout → 8, and the run goes on', async () => {
  const { url } = await server(RunStatus.RUNNING, { hang: true });
  const outcome = await behest(['wait', id, '--timeout', '100ms', '--server', url]);
  expect(outcome).toMatchObject({ code: 8, err: expect.stringContaining('goes on') });
});

it('a terminal → one line for each step, drawn over itself', async () => {
  const { url } = await server(RunStatus.COMPLETED);
  const terminal = fakeTerminal({ isProgressLive: true });
  const { err } = await behest(['watch', id, '--server', url], terminal);
  expect(err).toContain('\u001b[1A\u001b[2K✓ greet  completed');
});

it('logs → lines without escape sequences of their own; --tail the last', async () => {
  const { url } = await server(RunStatus.COMPLETED);
  const all = await behest(['logs', id, '--server', url]);
  expect(all.out).toBe('info greet: one\nerror greet: [31mtwo\n');
  const last = await behest(['logs', id, '--tail', '1', '--server', url]);
  expect(last.out).toBe('error greet: [31mtwo\n');
});

it('docs/operations/exit-codes.md → is what the table says', async () => {
  await expect(exitCodesPage()).toMatchFileSnapshot('../../docs/operations/exit-codes.md');
});

it.each([['version'], ['--version'], ['--help'], ['run', '--help'], ['api-resources']])(
  '%s → 0',
  async (...args) => {
    const outcome = await behest(args.flat());
    expect(outcome.code).toBe(0);
    expect(outcome.out).not.toBe('');
  },
);

it('output too large for other answers → fetched where it is', async () => {
  const asked: unknown[] = [];
  const body = (request: object) => {
    asked.push(request);
    return { contentType: 'application/json', data: Buffer.from('{"rows":[1]}') };
  };
  const { url } = await fakeServer((router) =>
    router.service(RunService, {
      ...runService(RunStatus.COMPLETED, {}),
      getRun: () => ({ id, status: RunStatus.COMPLETED, outputOmitted: true }),
      getOutput: (request) => body(request),
      getInput: (request) => body(request),
    }),
  );
  const out = '{\n  "rows": [\n    1\n  ]\n}\n';
  for (const words of [
    ['wait', id],
    ['output', id],
    ['output', id, 'greet', '--item', '3'],
    ['output', id, '--input'],
  ]) {
    expect(await behest([...words, '--server', url])).toEqual({ code: 0, out, err: '' });
  }
  expect(asked).toMatchObject([
    { runId: id, step: '' },
    { runId: id, step: '' },
    { runId: id, step: 'greet', item: 3 },
    { runId: id },
  ]);
  const both = await behest(['output', id, 'greet', '--input', '--server', url]);
  expect([both.code, both.err]).toEqual([2, expect.stringContaining('give no step or item')]);
});
