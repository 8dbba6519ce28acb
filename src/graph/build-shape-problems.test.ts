import { describe, expect, it } from 'vitest';
import { problemsOf, check, http, conditional, type Row } from './testing/check-build.ts';

describe('a mistake in the shape of a workflow → one problem at its place', () => {
  it.each<Row>([
    [
      'nothing at all',
      {},
      { code: 'phases-or-steps', path: [], message: 'There are no steps', hint: '`steps:`' },
    ],
    [
      'phases and steps',
      { phases: [{ name: 'p', steps: [http('a')] }], steps: [http('b')] },
      { code: 'phases-or-steps', path: ['steps'], message: 'phases and steps' },
    ],
    ['no phases', { phases: [] }, { code: 'no-phases', path: ['phases'], message: 'no phases' }],
    [
      'no steps',
      { steps: [] },
      { code: 'no-steps', path: ['steps'], message: 'There are no steps', hint: 'type: start' },
    ],
    [
      'an empty phase',
      {
        phases: [
          { name: 'p', steps: [http('a')] },
          { name: 'q', steps: [] },
        ],
      },
      { code: 'no-steps', path: ['phases', 1, 'steps'], message: 'Phase "q" has no steps' },
    ],
    [
      'two phases of one name',
      {
        phases: [
          { name: 'p', steps: [http('a')] },
          { name: 'p', steps: [http('b')] },
        ],
      },
      {
        code: 'duplicate-phase',
        path: ['phases', 1, 'name'],
        message: 'two phases "p"; the first is number 1',
      },
    ],
    [
      'a phase name with a space',
      { phases: [{ name: 'a b', steps: [http('a')] }] },
      { code: 'bad-id', path: ['phases', 0, 'name'], message: '"a b" is no phase name' },
    ],
    [
      'an unknown phase',
      {
        phases: [
          { name: 'fetch', steps: [http('a')] },
          { name: 'q', needs: ['fecth'], steps: [http('b')] },
        ],
      },
      {
        code: 'unknown-phase',
        path: ['phases', 1, 'needs', 0],
        message: 'no phase "fecth"',
        hint: '"fetch"',
      },
    ],
    [
      'a phase that needs itself',
      { phases: [{ name: 'p', needs: ['p'], steps: [http('a')] }] },
      { code: 'self-need', path: ['phases', 0, 'needs', 0], message: 'Phase "p" needs itself' },
    ],
    [
      'phases in a circle',
      {
        phases: [
          { name: 'p', needs: ['q'], steps: [http('a')] },
          { name: 'q', needs: ['p'], steps: [http('b')] },
        ],
      },
      { code: 'cycle', path: ['phases', 0, 'needs'], message: 'p → q → p' },
    ],
    [
      'two steps of one id',
      { steps: [http('a'), http('a', { needs: [] })] },
      {
        code: 'duplicate-id',
        path: ['steps', 1, 'id'],
        message: 'two steps "a"; the first is steps.0',
      },
    ],
    [
      'one id in two sections',
      { steps: [http('a')], finally: [http('a')] },
      { code: 'duplicate-id', path: ['finally', 0, 'id'], message: 'the first is steps.0' },
    ],
    [
      'an id with a dot',
      { steps: [http('a.b')] },
      { code: 'bad-id', path: ['steps', 0, 'id'], message: '"a.b" is no step id', hint: 'letters' },
    ],
    [
      'an id that begins with a dash',
      { steps: [http('-a')] },
      { code: 'bad-id', path: ['steps', 0, 'id'], message: '"-a" is no' },
    ],
    [
      'an empty id',
      { steps: [http('')] },
      { code: 'bad-id', path: ['steps', 0, 'id'], message: '"" is no' },
    ],
    [
      'an id of 64 characters',
      { steps: [http('x'.repeat(64))] },
      { code: 'bad-id', path: ['steps', 0, 'id'], message: 'is no step id', hint: '63' },
    ],
    [
      'a reserved id',
      { steps: [http('input')] },
      {
        code: 'reserved-id',
        path: ['steps', 0, 'id'],
        message: '"input" cannot be',
        hint: 'input_step',
      },
    ],
    [
      'an unknown type',
      { steps: [{ id: 'a', type: 'htpp' }] },
      {
        code: 'unknown-type',
        path: ['steps', 0, 'type'],
        message: 'no node type "htpp"',
        hint: '"http"',
      },
    ],
    [
      'a strange type',
      { steps: [{ id: 'a', type: 'kubernetes' }] },
      {
        code: 'unknown-type',
        path: ['steps', 0, 'type'],
        message: '"kubernetes"',
        hint: 'code, conditional, http',
      },
    ],
    [
      'two apply triggers',
      {
        steps: [http('a')],
        triggers: [
          { name: 'x', apply: {} },
          { name: 'y', apply: {} },
        ],
      },
      { code: 'duplicate-trigger', path: ['triggers', 1], message: '"y" is a second' },
    ],
    [
      'a bad timeout',
      { steps: [http('a')], timeout: '5 minutes' },
      {
        code: 'bad-duration',
        path: ['timeout'],
        message: '"5 minutes" is no duration',
        hint: '1h30m',
      },
    ],
    [
      'no timeout at all',
      { steps: [http('a', { timeout: '0s' })] },
      { code: 'bad-duration', path: ['steps', 0, 'timeout'], message: 'no time at all' },
    ],
    [
      'a bad delay',
      { steps: [http('a', { retry: { maxDelay: '1 m' } })] },
      { code: 'bad-duration', path: ['steps', 0, 'retry', 'maxDelay'], message: '"1 m"' },
    ],
    [
      'a bad resume',
      { steps: [http('a')], resume: { every: 'soon' } },
      { code: 'bad-duration', path: ['resume', 'every'], message: '"soon"' },
    ],
    [
      'a bad wait',
      { steps: [{ id: 'a', type: 'wait', config: { duration: 'x' } }] },
      { code: 'bad-duration', path: ['steps', 0, 'config', 'duration'], message: '"x"' },
    ],
    [
      '10,001 steps',
      { steps: Array.from({ length: 10_001 }, (_, n) => http(`s${n}`)) },
      { code: 'too-many-steps', path: [], message: '10001 steps; at most 10000' },
    ],
    [
      '1,001 phases',
      {
        phases: Array.from({ length: 1001 }, (_, n) => ({ name: `p${n}`, steps: [http(`s${n}`)] })),
      },
      { code: 'too-many-phases', path: ['phases'], message: '1001 phases; at most 1000' },
    ],
    [
      'a config over 1 MiB',
      { steps: [http('a', { config: { x: 'x'.repeat(1024 * 1024) } })] },
      {
        code: 'config-too-large',
        path: ['steps', 0, 'config'],
        message: 'at most 1048576',
        hint: 'file',
      },
    ],
    [
      'maxParallel alone',
      { steps: [http('a', { maxParallel: 2 })] },
      {
        code: 'max-parallel-without-for-each',
        path: ['steps', 0, 'maxParallel'],
        message: 'without `forEach`',
        severity: 'warning',
      },
    ],
    [
      'a forEach that is text',
      { steps: [http('a', { forEach: 'items' })] },
      {
        code: 'for-each-not-a-list',
        path: ['steps', 0, 'forEach'],
        message: 'one template',
        hint: '{{',
      },
    ],
    [
      'a forEach that is a map',
      { steps: [http('a', { forEach: { a: 1 } })] },
      { code: 'for-each-not-a-list', path: ['steps', 0, 'forEach'], message: 'takes a list' },
    ],
    [
      'a conditional for each',
      { steps: [conditional('a', {}, { forEach: [1] })] },
      { code: 'for-each-on-branch', path: ['steps', 0, 'forEach'], message: 'takes one way' },
    ],
    [
      'a missing file',
      { steps: [{ id: 'a', type: 'code', config: { file: 'mian.py' } }] },
      {
        code: 'missing-file',
        path: ['steps', 0, 'config', 'file'],
        message: 'no file "mian.py"',
        hint: '"main.py"',
      },
    ],
    [
      'a missing file in a list',
      { steps: [{ id: 'a', type: 'code', config: { files: ['main.py', 'zzz'] } }] },
      {
        code: 'missing-file',
        path: ['steps', 0, 'config', 'files', 1],
        message: '"zzz"',
        hint: 'lib/util.py, main.py',
      },
    ],
    [
      'a file outside the folder',
      { steps: [{ id: 'a', type: 'code', config: { file: '../x.py' } }] },
      {
        code: 'missing-file',
        path: ['steps', 0, 'config', 'file'],
        message: '"../x.py"',
        hint: 'inside it',
      },
    ],
    [
      'a file named by a template',
      { steps: [{ id: 'a', type: 'code', config: { file: '{{ input.f }}' } }] },
      {
        code: 'missing-file',
        path: ['steps', 0, 'config', 'file'],
        message: 'input.f',
        hint: 'plain path',
      },
    ],
    [
      'a file that is a prototype’s',
      { steps: [{ id: 'a', type: 'code', config: { file: 'constructor' } }] },
      { code: 'missing-file', path: ['steps', 0, 'config', 'file'], message: '"constructor"' },
    ],
  ])('%s', (_, spec, expected) => check(spec, expected));

  it('a missing file without any files → the hint says where files go', () => {
    const [problem] = problemsOf({ steps: [{ id: 'a', type: 'code', config: { file: 'x' } }] }, {});
    expect(problem?.hint).toContain('folder with the workflow.yaml');
  });
});
