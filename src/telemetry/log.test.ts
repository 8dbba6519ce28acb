import { expect, it } from 'vitest';

import { type LogOptions, openLog } from './log.ts';

function lines(
  options: Partial<LogOptions>,
  use: (log: ReturnType<typeof openLog>) => void,
): string {
  let text = '';
  use(openLog({ level: 'info', format: 'json', write: (line) => (text += line), ...options }));
  return text;
}

it('an event with fields → one JSON line with level, time and name', () => {
  const line = JSON.parse(lines({}, (log) => log.info('run.started', { runId: 'r1' })));
  expect(line).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    event: 'run.started',
    runId: 'r1',
  });
});

it('below the level → nothing', () => {
  expect(lines({ level: 'warn' }, (log) => log.info('x'))).toBe('');
});

it('an error → its message and cause', () => {
  const error = new Error('outer', { cause: new Error('inner') });
  const line = JSON.parse(lines({}, (log) => log.error('store.failed', { error })));
  expect(line.error.message).toContain('outer');
  expect(line.error.stack).toContain('inner');
});

it.each(['json', 'pretty'] as const)('secrets in fields and texts → cut out of %s', (format) => {
  const text = lines({ format, secrets: ['s3cret-token', ''] }, (log) => {
    log.info('http.request', { token: 'aaa', headers: { authorization: 'bbb' } });
    log.child({ apiKey: 'ccc' }).warn('x', { url: 'http://h/?t=s3cret-token' });
  });
  expect(text).not.toMatch(/aaa|bbb|ccc|s3cret-token/);
  expect(text).toContain('[redacted]');
});

it('pretty → event and fields on one line', () => {
  const text = lines({ format: 'pretty' }, (log) => log.info('run.started', { runId: 'r1' }));
  expect(text.trim().split('\n')).toHaveLength(1);
  expect(text).toMatch(/INFO.*run\.started.*r1/);
});
