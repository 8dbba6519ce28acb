import { compileCondition } from '../expr/condition.ts';
import type { Json } from '../expr/json.ts';
import { compileConfig, compileTemplate } from '../expr/template.ts';
import type { Draft, DraftStep } from './draft.ts';
import { parseDurationMs } from './duration.ts';
import { MAX_CONFIG_LENGTH } from './limits.ts';
import type { Problems } from './problems.ts';
import type { WorkflowSpec } from './spec.ts';
import { canBeList, conditionText, templatedConfig } from './step-expressions.ts';
import type { Upstream } from './upstream.ts';

/** Checks every expression of the workflow against what it may read where it stands. */
export function checkExpressions(
  spec: WorkflowSpec,
  graph: { readonly draft: Draft; readonly upstream: Upstream },
  problems: Problems,
): void {
  for (const step of graph.draft.steps) {
    if (problems.isFull) return;
    checkWhen(step, graph.upstream, problems);
    checkForEach(step, graph.upstream, problems);
    checkConfig(step, graph.upstream, problems);
    if (step.spec.type === 'conditional') checkCondition(step, graph.upstream, problems);
    if (step.spec.type === 'wait') checkWait(step, problems);
  }
  checkOutput(spec.output ?? null, graph.upstream, problems);
  checkResume(spec, graph.upstream, problems);
}

function checkWhen(step: DraftStep, upstream: Upstream, problems: Problems): void {
  const { when } = step.spec;
  if (when === undefined) return;
  const names = upstream.namesOf(step, { item: false, secrets: false });
  const compiled = compileCondition(when, names);
  if (!compiled.ok) problems.expressions([...step.path, 'when'], compiled.problems);
}

function checkForEach(step: DraftStep, upstream: Upstream, problems: Problems): void {
  const { forEach, maxParallel, type } = step.spec;
  const path = [...step.path, 'forEach'];
  if (forEach === undefined || forEach === null) {
    if (maxParallel === undefined) return;
    problems.warning('max-parallel-without-for-each', [...step.path, 'maxParallel'], {
      message: '`maxParallel` does nothing without `forEach`.',
    });
    return;
  }
  if (type === 'conditional' || type === 'switch') {
    problems.error('for-each-on-branch', path, {
      message: `A ${type} takes one way and cannot have \`forEach\`.`,
      hint: 'Use `when` on the steps inside, or a child workflow for each item.',
    });
    return;
  }
  if (!canBeList(forEach)) {
    problems.error('for-each-not-a-list', path, {
      message: 'forEach takes a list, or one template that gives a list.',
      hint: 'Write `forEach: "{{ fetch.output.items }}"`.',
    });
    return;
  }
  const compiled = compileTemplate(
    forEach,
    upstream.namesOf(step, { item: false, secrets: false }),
  );
  if (!compiled.ok) problems.expressions(path, compiled.problems);
}

function checkConfig(step: DraftStep, upstream: Upstream, problems: Problems): void {
  const { config = {}, type, forEach } = step.spec;
  const path = [...step.path, 'config'];
  const { length } = JSON.stringify(config);
  if (length > MAX_CONFIG_LENGTH) {
    problems.error('config-too-large', path, {
      message: `The config has ${length} characters; at most ${MAX_CONFIG_LENGTH} are allowed.`,
      hint: 'Put the data into a file beside the workflow.',
    });
    return;
  }
  const { runsIn, verbatimKeys } = step.traits;
  const item = forEach !== undefined && forEach !== null;
  const names = upstream.namesOf(step, { item, secrets: runsIn === 'runner' });
  const compiled = compileConfig(templatedConfig(type, config), names, { verbatimKeys });
  if (!compiled.ok) problems.expressions(path, compiled.problems);
}

function checkCondition(step: DraftStep, upstream: Upstream, problems: Problems): void {
  const path = [...step.path, 'config', 'condition'];
  const text = conditionText('conditional', step.spec.config ?? {});
  if (text === null) {
    const hasOne = step.spec.config?.['condition'] !== undefined;
    problems.error('condition-missing', hasOne ? path : [...step.path, 'config'], {
      message: `Conditional "${step.spec.id}" has no condition.`,
      hint: 'Write `condition: "{{ input.value }} > 10"`.',
    });
    return;
  }
  const compiled = compileCondition(text, upstream.namesOf(step, { item: false, secrets: false }));
  if (!compiled.ok) problems.expressions(path, compiled.problems);
}

/** A duration without a template can be checked now, as those of the engine are. */
function checkWait(step: DraftStep, problems: Problems): void {
  const duration = step.spec.config?.['duration'];
  if (typeof duration !== 'string' || duration.includes('{{')) return;
  if (parseDurationMs(duration) === null) {
    problems.error('bad-duration', [...step.path, 'config', 'duration'], {
      message: `"${duration}" is no duration.`,
      hint: 'Write for example `500ms`, `30s`, `5m`, `1h30m` or `2d`.',
    });
  }
}

function checkOutput(output: Json, upstream: Upstream, problems: Problems): void {
  const compiled = compileTemplate(output, upstream.outputNames());
  if (!compiled.ok) problems.expressions(['output'], compiled.problems);
}

function checkResume(spec: WorkflowSpec, upstream: Upstream, problems: Problems): void {
  const names = upstream.outputNames();
  (spec.resume?.when ?? []).forEach((condition, index) => {
    const path = ['resume', 'when', index];
    if ('expr' in condition) {
      const compiled = compileCondition(condition.expr, names);
      if (!compiled.ok) problems.expressions([...path, 'expr'], compiled.problems);
    } else if ('http' in condition) {
      const compiled = compileTemplate(condition.http, names);
      if (!compiled.ok) problems.expressions([...path, 'http'], compiled.problems);
    }
  });
}
