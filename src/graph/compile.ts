import type { Compiled } from '../expr/compiled.ts';
import { compileCondition } from '../expr/condition.ts';
import type { Names } from '../expr/scope.ts';
import { compileConfig, compileTemplate } from '../expr/template.ts';
import type { Graph, ResumeCondition, Step } from './graph.ts';
import type { Program, ProgramPhase, ProgramStep } from './program.ts';
import { conditionText, templatedConfig } from './step-expressions.ts';

/**
 * Compiles a graph that `build` made, so what its expressions may read has been checked. Throws on
 * any other. Linear in steps and edges.
 */
export function compile(graph: Graph): Program {
  const indexOf = new Map(graph.steps.map(({ id }, index) => [id, index]));
  const ids = new Set(indexOf.keys());
  const names: Names = { steps: ids, allSteps: ids, item: false, secrets: false };
  const successors = successorsOf(graph);
  const steps = graph.steps.map((step, index) =>
    compileStep(step, { index, successors: successors[index] ?? [], names }),
  );
  const sinks = steps.filter((step) => step.section === 'main' && step.successors.length === 0);
  return {
    graph,
    steps,
    indexOf,
    phases: phasesOf(graph),
    output: graph.output === null ? null : made(compileTemplate(graph.output, names), 'output'),
    sinks: sinks.map(({ index }) => index),
    fans: steps.filter(({ forEach }) => forEach !== null).map(({ index }) => index),
    resumeWhen: graph.resume.when.map((condition) => compileResume(condition, names)),
  };
}

function successorsOf(graph: Graph): readonly (readonly number[])[] {
  const successors: number[][] = graph.steps.map(() => []);
  graph.steps.forEach((step, index) => {
    for (const from of new Set(step.needs.map((need) => need.from))) {
      const list = successors[from];
      if (list === undefined) {
        throw new Error(`this graph was not made by build: step "${step.id}" needs step ${from}`);
      }
      list.push(index);
    }
  });
  return successors;
}

interface StepPlace {
  readonly index: number;
  readonly successors: readonly number[];
  readonly names: Names;
}

function compileStep(step: Step, { index, successors, names }: StepPlace): ProgramStep {
  const { id, type, when, forEach } = step;
  const inside: Names = { ...names, item: forEach !== null, secrets: true };
  const condition = conditionText(type, step.config);
  const config = templatedConfig(type, step.config);
  const options = { verbatimKeys: step.verbatimKeys ?? [] };
  const what = `step "${id}"`;
  return {
    index,
    id,
    section: step.section,
    definition: step,
    successors,
    when: when === null ? null : made(compileCondition(when, names), `${what}: when`),
    forEach: forEach === null ? null : made(compileTemplate(forEach, names), `${what}: forEach`),
    config: made(compileConfig(config, inside, options), `${what}: config`),
    condition:
      condition === null ? null : made(compileCondition(condition, inside), `${what}: condition`),
  };
}

function phasesOf(graph: Graph): ProgramPhase[] {
  const successors: number[][] = graph.phases.map(() => []);
  const members: number[][] = graph.phases.map(() => []);
  graph.phases.forEach(({ needs }, index) => {
    for (const need of needs) successors[need]?.push(index);
  });
  graph.steps.forEach(({ phase }, index) => {
    if (phase !== null) members[phase]?.push(index);
  });
  return graph.phases.map(({ needs }, index) => ({
    index,
    needs,
    successors: successors[index] ?? [],
    steps: members[index] ?? [],
  }));
}

function compileResume(condition: ResumeCondition, names: Names): Program['resumeWhen'][number] {
  if ('http' in condition) {
    return { kind: 'http', url: made(compileTemplate(condition.http, names), 'resume.when') };
  }
  if ('secret' in condition) return { kind: 'secret', name: condition.secret };
  return { kind: 'expr', condition: made(compileCondition(condition.expr, names), 'resume.when') };
}

function made<T>(compiled: Compiled<T>, what: string): T {
  if (compiled.ok) return compiled.value;
  const reasons = compiled.problems.map(({ message }) => message).join(' ');
  throw new Error(`this graph was not made by build: ${what}: ${reasons}`);
}
