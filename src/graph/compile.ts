import type { Compiled } from '../expr/compiled.ts';
import { compileCondition, type Condition } from '../expr/condition.ts';
import type { JsonObject } from '../expr/json.ts';
import type { Names } from '../expr/scope.ts';
import { compileConfig, compileTemplate } from '../expr/template.ts';
import type { Graph, ResumeCondition, Step } from './graph.ts';
import type { Program, ProgramPhase, ProgramStep } from './program.ts';

/**
 * Compiles a graph that `build` made: expressions compiled, edges turned round. Linear in steps
 * and edges. Throws when an expression does not compile, as `build` would have refused it.
 */
export function compile(graph: Graph): Program {
  const ids = new Set(graph.steps.map((step) => step.id));
  const names: Names = { steps: ids, allSteps: ids, item: false, secrets: false };
  const successors = successorsOf(graph);
  const steps = graph.steps.map((step, index) =>
    compileStep(step, { index, names, successors: successors[index] ?? [] }),
  );
  return {
    graph,
    steps,
    indexOf: new Map(graph.steps.map((step, index) => [step.id, index])),
    phases: phasesOf(graph),
    output: graph.output === null ? null : sure(compileTemplate(graph.output, names), 'output'),
    sinks: steps
      .filter(({ section, successors: after }) => section === 'main' && after.length === 0)
      .map(({ index }) => index),
    resumeWhen: graph.resume.when.map((condition) => compileResume(condition, names)),
  };
}

interface StepPlace {
  readonly index: number;
  readonly names: Names;
  readonly successors: readonly number[];
}

function compileStep(step: Step, { index, names, successors }: StepPlace): ProgramStep {
  const own: Names = { ...names, item: step.forEach !== null, secrets: true };
  const { config, condition } = splitCondition(step);
  // What code says is code; braces in it are no templates.
  const verbatimKeys = step.type === 'code' ? ['code'] : [];
  return {
    index,
    id: step.id,
    section: step.section,
    definition: step,
    successors,
    when: step.when === null ? null : sure(compileCondition(step.when, names), `${step.id}.when`),
    forEach:
      step.forEach === null
        ? null
        : sure(compileTemplate(step.forEach, names), `${step.id}.forEach`),
    config: sure(compileConfig(config, own, { verbatimKeys }), `${step.id}.config`),
    condition:
      condition === null ? null : sure(compileCondition(condition, own), `${step.id}.condition`),
  };
}

function splitCondition(step: Step): { config: JsonObject; condition: string | null } {
  const { condition, ...config } = step.config;
  if (step.type !== 'conditional' || typeof condition !== 'string') {
    return { config: step.config, condition: null };
  }
  return { config, condition };
}

function successorsOf(graph: Graph): number[][] {
  const successors = graph.steps.map(() => new Set<number>());
  graph.steps.forEach((step, index) => {
    for (const { from } of step.needs) successors[from]?.add(index);
  });
  return successors.map((set) => [...set]);
}

function phasesOf(graph: Graph): ProgramPhase[] {
  return graph.phases.map((phase, index) => ({
    index,
    needs: phase.needs,
    successors: graph.phases.flatMap((each, other) => (each.needs.includes(index) ? [other] : [])),
    steps: graph.steps.flatMap((step, position) => (step.phase === index ? [position] : [])),
  }));
}

function compileResume(condition: ResumeCondition, names: Names): Program['resumeWhen'][number] {
  if ('secret' in condition) return { kind: 'secret', name: condition.secret };
  if ('http' in condition) {
    return { kind: 'http', url: sure(compileTemplate(condition.http, names), 'resume.when') };
  }
  const compiled: Condition = sure(compileCondition(condition.expr, names), 'resume.when');
  return { kind: 'expr', condition: compiled };
}

function sure<T>(compiled: Compiled<T>, place: string): T {
  if (compiled.ok) return compiled.value;
  const [first] = compiled.problems;
  throw new Error(`${place} of a stored graph does not compile: ${first?.message ?? 'unknown'}`);
}
