import { describe, expect, it } from 'vitest';
import type { StepSpec, WorkflowSpec } from './spec.ts';
import { problemsOf, check, http, conditional, type Row } from './testing/check-build.ts';

describe('a mistake in needs and branches → one problem at its place', () => {
  const twoPhases = (
    needs: readonly string[],
    phaseNeeds: readonly string[] = [],
  ): WorkflowSpec => ({
    phases: [
      { name: 'p', steps: [http('a', { needs })] },
      { name: 'q', needs: phaseNeeds, steps: [http('b')] },
    ],
  });

  it.each<Row>([
    [
      'an unknown need',
      { steps: [http('fetch'), http('b', { needs: ['fecth'] })] },
      {
        code: 'unknown-need',
        path: ['steps', 1, 'needs', 0],
        message: 'no step "fecth"',
        hint: '"fetch"',
      },
    ],
    [
      'a phase as a step’s need',
      twoPhases(['q']),
      {
        code: 'unknown-need',
        path: ['phases', 0, 'steps', 0, 'needs', 0],
        message: 'no step "q"',
        hint: 'That is a phase',
      },
    ],
    [
      'a step that needs itself',
      { steps: [http('a', { needs: ['a'] })] },
      { code: 'self-need', path: ['steps', 0, 'needs', 0], message: '"a" needs itself' },
    ],
    [
      'two steps in a circle',
      { steps: [http('a', { needs: ['b'] }), http('b')] },
      { code: 'cycle', path: ['steps', 0, 'needs'], message: 'a → b → a' },
    ],
    [
      'three steps in a circle, with others around',
      { steps: [http('x'), http('a', { needs: ['x', 'c'] }), http('b'), http('c'), http('y')] },
      { code: 'cycle', path: ['steps', 1, 'needs'], message: 'a → b → c → a' },
    ],
    [
      'a branch that leads back',
      { steps: [http('a'), conditional('c', { true_edge: 'a' })] },
      { code: 'cycle', path: ['steps', 0, 'id'], message: 'a → c → a' },
    ],
    [
      'a main step that needs a finally step',
      { steps: [http('a', { needs: ['f'] })], finally: [http('f')] },
      {
        code: 'other-section',
        path: ['steps', 0, 'needs', 0],
        message: 'in main cannot need "f" in finally',
        hint: 'run after all main steps',
      },
    ],
    [
      'a finally step that needs a main step',
      { steps: [http('a')], finally: [http('f', { needs: ['a'] })] },
      {
        code: 'other-section',
        path: ['finally', 0, 'needs', 0],
        message: 'in finally cannot need',
        hint: 'after the main steps anyway',
      },
    ],
    [
      'a need in a phase that runs beside',
      twoPhases(['b']),
      {
        code: 'need-outside-phase',
        path: ['phases', 0, 'steps', 0, 'needs', 0],
        message: '"b" is a step of phase "q", which phase "p" does not need',
        hint: 'Add "q"',
      },
    ],
    [
      'a need in a later phase',
      twoPhases(['b'], ['p']),
      {
        code: 'need-outside-phase',
        path: ['phases', 0, 'steps', 0, 'needs', 0],
        message: 'phase "p" does not need',
      },
    ],
    [
      'an unknown branch target',
      { steps: [conditional('a', { true_edge: 'bb' }), http('bbb')] },
      {
        code: 'unknown-branch-target',
        path: ['steps', 0, 'config', 'true_edge'],
        message: 'leads to "bb"',
        hint: '"bbb"',
      },
    ],
    [
      'a target that is no text',
      { steps: [conditional('a', { false_edge: 5 })] },
      {
        code: 'unknown-branch-target',
        path: ['steps', 0, 'config', 'false_edge'],
        message: 'leads to "5"',
      },
    ],
    [
      'an unknown case target',
      { steps: [{ id: 's', type: 'switch', config: { value: 1, cases: { one: 'x' } } }] },
      {
        code: 'unknown-branch-target',
        path: ['steps', 0, 'config', 'cases', 'one'],
        message: '"x"',
      },
    ],
    [
      'an unknown default',
      { steps: [{ id: 's', type: 'switch', config: { value: 1, default: 'x' } }] },
      { code: 'unknown-branch-target', path: ['steps', 0, 'config', 'default'], message: '"x"' },
    ],
    [
      'a branch to itself',
      { steps: [conditional('a', { true_edge: 'a' })] },
      {
        code: 'self-need',
        path: ['steps', 0, 'config', 'true_edge'],
        message: 'branches to itself',
      },
    ],
    [
      'a branch to finally',
      { steps: [conditional('a', { true_edge: 'f' })], finally: [http('f')] },
      {
        code: 'other-section',
        path: ['steps', 0, 'config', 'true_edge'],
        message: 'in finally; a branch stays',
      },
    ],
    [
      'a branch to an earlier phase',
      {
        phases: [
          { name: 'p', steps: [http('a')] },
          { name: 'q', steps: [conditional('c', { true_edge: 'a' })] },
        ],
      },
      {
        code: 'need-outside-phase',
        path: ['phases', 1, 'steps', 0, 'config', 'true_edge'],
        message: 'does not come after this phase',
      },
    ],
    [
      'branches that meet again with join: all',
      {
        steps: [
          conditional('a', { true_edge: 'b', false_edge: 'c' }),
          http('b'),
          http('c'),
          http('d', { needs: ['b', 'c'] }),
          http('e'),
        ],
      },
      {
        code: 'never-runs',
        path: ['steps', 3, 'needs'],
        message: '"d" can never run: it needs steps of different branches of "a"',
        hint: 'join: any',
        severity: 'warning',
      },
    ],
    [
      'a conditional without condition',
      { steps: [{ id: 'a', type: 'conditional', config: {} }] },
      { code: 'condition-missing', path: ['steps', 0, 'config'], message: '"a" has no condition' },
    ],
    [
      'a condition that is a number',
      { steps: [conditional('a', { condition: 5 })] },
      {
        code: 'condition-missing',
        path: ['steps', 0, 'config', 'condition'],
        message: 'no condition',
      },
    ],
  ])('%s', (_, spec, expected) => check(spec, expected));

  it.each<[string, readonly StepSpec[]]>([
    [
      'with join: any',
      [
        conditional('a', { true_edge: 'b', false_edge: 'c' }),
        http('b'),
        http('c'),
        http('d', { needs: ['b', 'c'], join: 'any' }),
        http('e', { needs: ['d', 'a'] }),
      ],
    ],
    [
      'over both edges of one step',
      [
        conditional('a', { true_edge: 'b', false_edge: 'b' }),
        http('b'),
        http('c', { needs: ['a', 'b'] }),
      ],
    ],
    [
      'on the same branch',
      [
        conditional('a', { true_edge: 'b' }),
        http('b'),
        http('c', { needs: ['a'] }),
        http('d', { needs: ['b', 'c'] }),
      ],
    ],
    [
      'one need of any is enough to be free',
      [
        conditional('a', { true_edge: 'b', false_edge: 'c' }),
        http('b'),
        http('c'),
        http('d', { needs: ['b', 'a'], join: 'any' }),
        http('e', { needs: ['d', 'c'] }),
      ],
    ],
  ])('branches that meet again %s → no warning', (_, steps) => {
    expect(problemsOf({ steps })).toStrictEqual([]);
  });
});
