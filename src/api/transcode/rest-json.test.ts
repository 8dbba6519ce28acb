import { create, type JsonObject } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { ListRunsRequestSchema, ExecuteRequestSchema } from '../../gen/behest/v1/run_service_pb.ts';
import { RunSchema, RunStatus } from '../../gen/behest/v1/run_pb.ts';
import { BadRequestSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { applyQuery } from './query.ts';
import { fromRestJson, toRestJson } from './rest-json.ts';

function violations(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    const [details] = ConnectError.from(error).findDetails(BadRequestSchema);
    return details!.fieldViolations.map(({ field, description }) => `${field}: ${description}`);
  }
  return [];
}

describe('status words', () => {
  test.each(['pending_retry', 'PENDING_RETRY', 'Pending-Retry', 'RUN_STATUS_PENDING_RETRY', 4])(
    '%s is read',
    (word) => {
      const { status } = fromRestJson(ListRunsRequestSchema, { status: [word] });
      expect(status).toEqual([RunStatus.PENDING_RETRY]);
    },
  );

  test('are written in lower case, names in snake case, defaults too', () => {
    const run = create(RunSchema, { id: 'r', workflowId: 'w', status: RunStatus.PENDING_RETRY });
    expect(toRestJson(RunSchema, run)).toMatchObject({
      workflow_id: 'w',
      status: 'pending_retry',
      seq: 0,
      labels: {},
    });
  });

  test('in data of the user are left alone', () => {
    const input = { status: 'RUN_STATUS_FAILED', unknown_field: { deep: [null, 1] } };
    const request = fromRestJson(ExecuteRequestSchema, { workflow_id: 'w', input });
    expect(toRestJson(ExecuteRequestSchema, request)).toMatchObject({ input });
  });
});

test('everything unknown is named at once, with what was meant', () => {
  const found = violations(() =>
    fromRestJson(ListRunsRequestSchema, {
      statsu: [],
      page_szie: 1,
      status: ['resting', 'failed'],
    }),
  );
  expect(found).toEqual([
    'statsu: unknown field; did you mean status?',
    'page_szie: unknown field; did you mean page_size?',
    expect.stringMatching(/^status\[0\]: expected one of pending, running, .*found "resting"$/),
  ]);
});

describe('query parameters', () => {
  test.each([
    ['status=failed&status=running', { status: ['failed', 'running'] }],
    ['status=failed,running', { status: ['failed', 'running'] }],
    ['pageSize=3', { page_size: '3' }],
    ['created_after=2026-01-01T00:00:00Z', { created_after: '2026-01-01T00:00:00Z' }],
  ])('%s', (query, expected) => {
    const target: JsonObject = {};
    applyQuery(ListRunsRequestSchema, target, new URLSearchParams(query));
    expect(target).toEqual(expected);
    expect(() => fromRestJson(ListRunsRequestSchema, target)).not.toThrow();
  });

  test('reach map entries and dynamic data', () => {
    const target: JsonObject = {};
    applyQuery(ExecuteRequestSchema, target, new URLSearchParams('labels.team=a&input={"x":1}'));
    expect(target).toEqual({ labels: { team: 'a' }, input: { x: 1 } });
  });
});
