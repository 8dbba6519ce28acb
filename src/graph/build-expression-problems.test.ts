import { describe, expect, it } from 'vitest';
import { problemsOf, check, http, conditional, type Row } from './testing/check-build.ts';

describe('a mistake in an expression → one problem with its span', () => {
  it.each<Row>([
    [
      'config',
      { steps: [http('a', { config: { u: ['x {{ inptu.x }}'] } })] },
      {
        code: 'unknown-name',
        path: ['steps', 0, 'config', 'u', 0],
        message: '`inptu`',
        hint: '"input"',
        span: [5, 5],
      },
    ],
    [
      'a step that is not upstream',
      { steps: [http('a', { config: { u: '{{ b.output }}' } }), http('b')] },
      {
        code: 'not-upstream',
        path: ['steps', 0, 'config', 'u'],
        message: '"b" is not certain',
        hint: '`needs`',
        span: [3, 1],
      },
    ],
    [
      'a step beside',
      { steps: [http('a'), http('b', { needs: [], config: { u: '{{ a.output }}' } })] },
      {
        code: 'not-upstream',
        path: ['steps', 1, 'config', 'u'],
        message: '"a" is not certain',
        span: [3, 1],
      },
    ],
    [
      'a step reading itself',
      { steps: [http('a', { config: { u: '{{ a.output }}' } })] },
      { code: 'not-upstream', path: ['steps', 0, 'config', 'u'], message: '"a" is not certain' },
    ],
    [
      'a step of a phase beside',
      {
        phases: [
          { name: 'p', steps: [http('a')] },
          { name: 'q', needs: [], steps: [http('b', { config: { u: '{{ a.output }}' } })] },
        ],
      },
      {
        code: 'not-upstream',
        path: ['phases', 1, 'steps', 0, 'config', 'u'],
        message: '"a" is not certain',
      },
    ],
    [
      'a main step that reads finally',
      { steps: [http('a', { when: 'f.status == "x"' })], finally: [http('f')] },
      { code: 'not-upstream', path: ['steps', 0, 'when'], message: '"f" is not certain' },
    ],
    [
      'onFailure that reads finally',
      {
        steps: [http('a')],
        onFailure: [http('o', { when: 'f.status == "x"' })],
        finally: [http('f')],
      },
      { code: 'not-upstream', path: ['onFailure', 0, 'when'], message: '"f" is not certain' },
    ],
    [
      'an unknown step',
      { steps: [http('fetch'), http('b', { config: { u: '{{ steps.fetc.output }}' } })] },
      {
        code: 'unknown-step',
        path: ['steps', 1, 'config', 'u'],
        message: 'no step "fetc"',
        hint: '"fetch"',
      },
    ],
    [
      'when',
      { steps: [http('a', { when: '{{ input.x }} >' })] },
      { code: 'syntax', path: ['steps', 0, 'when'], message: 'too early', span: [15, 0] },
    ],
    [
      'item in when',
      { steps: [http('a', { forEach: [1], when: 'item > 1' })] },
      {
        code: 'item-outside-for-each',
        path: ['steps', 0, 'when'],
        message: '`item`',
        span: [0, 4],
      },
    ],
    [
      'item without forEach',
      { steps: [http('a', { config: { u: '{{ item }}' } })] },
      {
        code: 'item-outside-for-each',
        path: ['steps', 0, 'config', 'u'],
        message: '`item`',
        span: [3, 4],
      },
    ],
    [
      'forEach',
      { steps: [http('a', { forEach: '{{ foo(1) }}' })] },
      { code: 'unknown-function', path: ['steps', 0, 'forEach'], message: '`foo`', span: [3, 3] },
    ],
    [
      'condition',
      { steps: [conditional('a', { condition: '{{input.x}} = 1' })] },
      { code: 'syntax', path: ['steps', 0, 'config', 'condition'], message: '`=`', span: [12, 1] },
    ],
    [
      'secrets in the controller',
      { steps: [{ id: 'a', type: 'transform', config: { output: '{{ secrets.k }}' } }] },
      {
        code: 'secrets-not-allowed',
        path: ['steps', 0, 'config', 'output'],
        message: 'runs on a runner',
      },
    ],
    [
      'secrets in when',
      { steps: [http('a', { when: 'secrets.k == "x"' })] },
      { code: 'secrets-not-allowed', path: ['steps', 0, 'when'], message: 'only in the config' },
    ],
    [
      'output',
      { steps: [http('a')], output: { x: '{{ a.output' } },
      {
        code: 'unterminated-template',
        path: ['output', 'x'],
        message: 'no closing',
        span: [0, 11],
      },
    ],
    [
      'output of a finally step',
      { steps: [http('a')], finally: [http('f')], output: '{{ f.output }}' },
      { code: 'not-upstream', path: ['output'], message: '"f"' },
    ],
    [
      'resume condition',
      { steps: [http('a')], resume: { when: [{ expr: 'a.otuput.x' }] } },
      {
        code: 'unknown-field',
        path: ['resume', 'when', 0, 'expr'],
        message: 'output, status and error',
      },
    ],
    [
      'resume URL',
      { steps: [http('a')], resume: { when: [{ http: '{{ }}' }] } },
      { code: 'empty-expression', path: ['resume', 'when', 0, 'http'], message: 'empty' },
    ],
  ])('%s', (_, spec, expected) => check(spec, expected));

  it('many mistakes → all of them, also beside a cycle', () => {
    const problems = problemsOf({
      timeout: 'x',
      steps: [
        http('a', { needs: ['b'], timeout: 'y', config: { u: '{{ nope1 }}' } }),
        http('b', { type: 'htpp', when: '1' }),
        http('a', { needs: ['zzz'] }),
      ],
    });
    expect(problems.map(({ code }) => code).toSorted()).toStrictEqual([
      'bad-duration',
      'bad-duration',
      'cycle',
      'duplicate-id',
      'not-a-condition',
      'unknown-name',
      'unknown-need',
      'unknown-type',
    ]);
  });
});
