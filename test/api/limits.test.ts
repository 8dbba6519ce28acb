import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_DATA_BYTES } from '../../src/api/answer-size.ts';
import { MAX_OUTPUT_BYTES } from '../../src/api/services/outputs.ts';
import { MAX_DETAIL_BYTES } from '../../src/api/short-details.ts';
import { MAX_JSON_DEPTH } from '../../src/api/transcode/read-body.ts';
import { MAX_FIELDS, MAX_FILES } from '../../src/api/transcode/read-form.ts';
import { MAX_URL_LENGTH } from '../../src/api/transcode/transcoder.ts';
import { MAX_WATCHES } from '../../src/api/watch/watch-hub.ts';
import { MAX_MESSAGE_BYTES } from '../../src/bus/codec.ts';
import { MAX_CHILD_DEPTH } from '../../src/controller/adopt-children.ts';
import { FAN_LIMIT } from '../../src/engine/perform.ts';
import * as expr from '../../src/expr/limits.ts';
import * as graph from '../../src/graph/limits.ts';
import { MAX_DURATION_MS } from '../../src/graph/duration.ts';
import { settingTable } from '../../src/main/settings.ts';
import { MAX_FILE_BYTES } from '../../src/manifest/decode.ts';
import { MAX_PROBLEMS } from '../../src/manifest/parse.ts';
import { MAX_OPEN_BRACKETS, MAX_SCALARS } from '../../src/manifest/text-flood.ts';
import {
  MAX_ALIASES,
  MAX_CHARACTERS,
  MAX_DEPTH,
  MAX_VALUES,
} from '../../src/manifest/yaml-value.ts';
import * as code from '../../src/nodes/code/call.ts';
import { MAX_LINES } from '../../src/runner/attempt.ts';
import { defaultLimits } from '../../src/source/source.ts';
import { MAX_WAITING_REQUESTS } from '../../src/store/add-request.ts';
import { KEPT_VERSIONS } from '../../src/store/drop-versions.ts';
import { startApiRig, TOKEN, type Answer, type ApiRig } from './api-rig.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operations/limits.md'), 'utf8');
const MiB = 1024 * 1024;
const mib = (bytes: number): string => `${bytes / MiB} MiB`;
const plain = (count: number): string => count.toLocaleString('en-US');
const words = (text: string): string => text.replace(/(\d)([KMG]iB)/, '$1 $2');

describe('docs/operations/limits.md says what the code says', () => {
  test.each([
    ['Request body (`BEHEST_BODY_LIMIT`)', words(settingTable.bodyLimitBytes.default)],
    [
      'Upload, all its bytes together (`BEHEST_UPLOAD_LIMIT`)',
      words(settingTable.uploadLimitBytes.default),
    ],
    ['Fields of a form', plain(MAX_FIELDS)],
    ['Files of a form', plain(MAX_FILES)],
    ['Nesting of a JSON body or form field', plain(MAX_JSON_DEPTH)],
    ['Address with its query, characters', plain(MAX_URL_LENGTH)],
    ['Data in one answer or event', mib(MAX_DATA_BYTES)],
    ['List of a fan-out, answered by GetOutput', mib(MAX_OUTPUT_BYTES)],
    ['Details of a gRPC error, before base64', `${MAX_DETAIL_BYTES / 1024} KiB`],
    ['Manifest file of a source', mib(MAX_FILE_BYTES)],
    ['Nesting of a manifest', plain(MAX_DEPTH)],
    ['Open brackets in its text', plain(MAX_OPEN_BRACKETS)],
    ['Keys and values in its text', plain(MAX_SCALARS)],
    ['YAML aliases in a document', plain(MAX_ALIASES)],
    ['Values in a document, aliases written out', plain(MAX_VALUES)],
    ['Its characters, aliases written out', mib(MAX_CHARACTERS)],
    ['Problems told of one file', plain(MAX_PROBLEMS)],
    ['Files of a source', plain(defaultLimits.files)],
    ['One file of a source', mib(defaultLimits.fileBytes)],
    ['All files of a source', mib(defaultLimits.totalBytes)],
    ['Steps of a workflow', plain(graph.MAX_STEPS)],
    ['Phases of a workflow', plain(graph.MAX_PHASES)],
    ['Config of a step, characters of JSON', plain(graph.MAX_CONFIG_LENGTH)],
    ['Id of a step, characters', plain(graph.MAX_ID_LENGTH)],
    ['Items of a `forEach`', plain(FAN_LIMIT)],
    ['Items of a `forEach` at once (default)', plain(graph.DEFAULT_MAX_PARALLEL)],
    ['Workflows within workflows', plain(MAX_CHILD_DEPTH)],
    ['Versions of a workflow without a run', plain(KEPT_VERSIONS)],
    ['Watches open at one server', plain(MAX_WATCHES)],
    ['Requests of a run that no controller has read yet', plain(MAX_WAITING_REQUESTS)],
    ['Lines of an attempt, with progress, stats', plain(MAX_LINES)],
    ['Duration', `${plain(MAX_DURATION_MS / 86_400_000)} d`],
    ['Expression, characters', plain(expr.MAX_EXPRESSION_LENGTH)],
    ['Syntax nodes of an expression', plain(expr.MAX_NODES)],
    ['Nesting of an expression', plain(expr.MAX_DEPTH)],
    ['Cost of an evaluation', plain(expr.MAX_COST)],
    ['Text made by one operation, characters', plain(expr.MAX_TEXT_LENGTH)],
    ['Depth of a value it compares or converts', plain(expr.MAX_VALUE_DEPTH)],
    ['Regular expression, characters', plain(expr.MAX_PATTERN_LENGTH)],
    ['Task or checkpoint on its way', mib(MAX_MESSAGE_BYTES)],
    ['`code`: result, characters of JSON', plain(code.MAX_RESULT_CHARACTERS)],
    ['`code`: files that go in', mib(code.MAX_INPUT_FILES_BYTES)],
    ['`code`: one file that comes out', mib(code.MAX_OUTPUT_FILE_BYTES)],
    ['`code`: all files that come out', mib(code.MAX_OUTPUT_FILES_BYTES)],
    ['`code`: log of an attempt, characters', plain(code.MAX_LOG_CHARACTERS)],
    ['Log line, characters', plain(code.MAX_LOG_LINE_CHARACTERS)],
  ])('%s: %s', (what, limit) => {
    const row = page.split('\n').find((line) => line.startsWith(`| ${what} `));
    expect(row?.split('|')[2]?.trim()).toBe(limit);
  });
});

describe('what goes over a limit is told so', () => {
  let api: ApiRig;
  beforeAll(async () => {
    api = await startApiRig();
  });
  afterAll(() => api?.stop());

  const workflow = (name: string, steps: readonly object[]): object => ({
    apiVersion: 'behest.dev/v1',
    kind: 'Workflow',
    metadata: { name },
    spec: { steps },
  });
  const apply = async (text: string): Promise<Answer> => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/yaml' };
    const options = { method: 'POST', headers, body: text };
    const answer = await fetch(`${api.server.url}/api/v1/workflows`, options);
    return { status: answer.status, headers: answer.headers, json: await answer.json() };
  };
  const failed = async (steps: readonly object[], input: object = {}): Promise<string> => {
    const name = `over-${steps.length}-${Date.now()}`;
    const created = await api.call('POST', '/api/v1/workflows', workflow(name, steps));
    expect([created.status, created.json.detail]).toEqual([200, undefined]);
    const { json } = await api.call('POST', `/api/v1/workflows/${name}/execute`, { input });
    const run = await api.rig.status(json.job_id, 'failed');
    return JSON.stringify(run.error);
  };

  test('a manifest of 5 MiB → 413 with the limit', async () => {
    const large = await apply(`# ${'x'.repeat(5 * MiB)}`);
    expect([large.status, large.json.detail]).toEqual([413, expect.stringContaining('4194304')]);
  });

  test('10,001 steps → a problem', async () => {
    const steps = Array.from({ length: 10_001 }, (_, index) => ({ id: `s${index}`, type: 'end' }));
    const { status, json } = await api.call('POST', '/api/v1/workflows', workflow('many', steps));
    expect([status, JSON.stringify(json.problems)]).toEqual([
      400,
      expect.stringMatching(/10,?000/),
    ]);
  });

  test('an expression that costs too much → the step fails and says so', async () => {
    const output = '{{ range(100000).map(x, range(100000).map(y, x * y)) }}';
    const error = await failed([{ id: 'a', type: 'transform', config: { output } }]);
    expect(error).toMatch(/costs more than/);
  });

  test('a forEach over 100,001 items → the step fails and says so', async () => {
    const step = { id: 'a', type: 'transform', forEach: '{{ range(100001) }}' };
    const error = await failed([{ ...step, config: { output: '{{ item }}' } }]);
    expect(error).toMatch(/100,?000/);
  });

  test('an output over 32 MiB → the step fails and says so', async () => {
    api.rig.behaviours['flood'] = () => ['x'.repeat(40 * MiB)];
    const error = await failed([
      { id: 'a', type: 'act', config: { do: 'flood' }, retry: { maxAttempts: 1 } },
    ]);
    expect(error).toMatch(/larger than 33554432 bytes/);
  });
});
