import { describe, expect, it } from 'vitest';
import { build } from './build.ts';
import type { NodeTraits } from './node-traits.ts';
import type { Path, Problem } from './problem.ts';
import type { StepSpec, WorkflowSpec } from './spec.ts';

function traits(runsIn: NodeTraits['runsIn'], more: Partial<NodeTraits> = {}): NodeTraits {
  return { runsIn, timeoutMs: 60_000, fileKeys: [], verbatimKeys: [], ...more };
}

const NODE_TYPES: ReadonlyMap<string, NodeTraits> = new Map([
  ['http', traits('runner')],
  ['code', traits('runner', { fileKeys: ['file', 'files'], verbatimKeys: ['code'] })],
  ['conditional', traits('controller')],
  ['switch', traits('controller')],
  ['transform', traits('controller')],
  ['wait', traits('controller')],
]);

const FILES = { 'main.py': 'aa', 'lib/util.py': 'bb' };

function problemsOf(
  spec: WorkflowSpec,
  files: Readonly<Record<string, string>> = FILES,
): readonly Problem[] {
  const { graph, problems } = build(spec, { nodeTypes: NODE_TYPES, files });
  expect(graph === null).toBe(problems.some(({ severity }) => severity === 'error'));
  return problems;
}

interface Expected {
  readonly code: string;
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: Problem['severity'];
  readonly span?: readonly [offset: number, length: number];
}

/** Exactly this one problem. */
function check(spec: WorkflowSpec, expected: Expected): void {
  const problems = problemsOf(spec);
  expect(problems.map(({ code }) => code)).toStrictEqual([expected.code]);
  const [problem] = problems;
  expect(problem?.path).toStrictEqual(expected.path);
  expect(problem?.message).toContain(expected.message);
  expect(problem?.hint ?? '').toContain(expected.hint ?? '');
  expect(problem?.severity).toBe(expected.severity ?? 'error');
  if (expected.span === undefined) return;
  const [offset, length] = expected.span;
  expect(problem?.span).toStrictEqual({ offset, length });
}

function http(id: string, more: Partial<StepSpec> = {}): StepSpec {
  return { id, type: 'http', ...more };
}

function conditional(
  id: string,
  config: StepSpec['config'],
  more: Partial<StepSpec> = {},
): StepSpec {
  return { id, type: 'conditional', config: { condition: 'true', ...config }, ...more };
}

type Row = readonly [name: string, spec: WorkflowSpec, expected: Expected];

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
