import { expect, test } from 'vitest';
import type { WorkerMessage } from './call.ts';
import { parseMessage } from './parse-message.ts';

test.each<WorkerMessage>([
  { kind: 'ready' },
  { kind: 'log', level: 'warn', message: 'm' },
  { kind: 'progress', fraction: 0.5 },
  { kind: 'progress', fraction: 0.5, message: 'm' },
  { kind: 'file', path: 'a/b', content: 'AAE=' },
  { kind: 'result', recycle: true, result: { kind: 'returned', output: '{"a":1}' } },
  { kind: 'result', recycle: false, result: { kind: 'limit', message: 'm' } },
  { kind: 'result', recycle: false, result: { kind: 'malformed', message: 'm' } },
  { kind: 'result', recycle: false, result: { kind: 'threw', message: 'm', traceback: 't' } },
  {
    kind: 'result',
    recycle: false,
    result: { kind: 'retryable', message: 'm', traceback: 't', retryAfterMs: 1 },
  },
])('%j → itself', (message) => {
  expect(parseMessage(JSON.stringify(message))).toEqual(message);
});

test.each([
  '',
  'null',
  '[]',
  '"ready"',
  '{"kind":"other"}',
  '{"kind":"log","level":"fatal","message":"m"}',
  '{"kind":"log","level":"info","message":1}',
  '{"kind":"progress","fraction":"half"}',
  '{"kind":"file","path":"a"}',
  '{"kind":"result"}',
  '{"kind":"result","result":"poisoned"}',
  '{"kind":"result","result":{"kind":"returned","output":5}}',
  '{"kind":"result","result":{"kind":"returned","output":"{"}}',
  '{"kind":"result","result":{"kind":"threw","message":"m"}}',
  '{"kind":"result","result":{"kind":"constructor","message":"m","traceback":"t"}}',
])('%s → no message', (line) => {
  expect(parseMessage(line)).toBeUndefined();
});
