import type { Json } from '../expr/json.ts';
import { collectBranches } from './branches.ts';
import { checkExpressions } from './check-expressions.ts';
import { collect } from './collect.ts';
import type { Draft } from './draft.ts';
import { resolveEdges } from './edges.ts';
import type { Edge, Graph, Phase, Resume } from './graph.ts';
import { makeStep } from './make-step.ts';
import { checkReachable } from './never-runs.ts';
import type { NodeTraits } from './node-traits.ts';
import { type PhaseNeeds, resolvePhaseNeeds } from './phase-needs.ts';
import type { Problem } from './problem.ts';
import { Problems } from './problems.ts';
import { readDurationMs } from './read-duration.ts';
import type { Files } from './read-files.ts';
import type { WorkflowSpec } from './spec.ts';
import { Upstream } from './upstream.ts';

export interface BuildOptions {
  readonly nodeTypes: ReadonlyMap<string, NodeTraits>;
  /** Files of the workflow's folder: relative path → SHA-256, hex. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Built {
  /** Null when there is an error among the problems. */
  readonly graph: Graph | null;
  /** Paths are relative to the spec: `['steps', 0, 'needs', 1]`. */
  readonly problems: readonly Problem[];
}

const RESUME_EVERY_MS = 300_000;
const RESUME_ATTEMPTS = 5;

/**
 * Builds the graph of a workflow: fills defaults in, resolves edges and durations, and checks
 * everything that can be known before it runs. All problems are reported, not only the first.
 */
export function build(spec: WorkflowSpec, options: BuildOptions): Built {
  const problems = new Problems();
  const draft = collect(spec, options.nodeTypes, problems);
  const phases = resolvePhaseNeeds(draft.phases, problems);
  const edges = resolveEdges({
    draft,
    phases,
    branches: collectBranches(draft, problems),
    problems,
  });
  const upstream = Upstream.of({ draft, phases, edges }, problems);
  checkExpressions(spec, { draft, upstream }, problems);
  checkReachable(draft, edges, problems);
  const graph = assemble(spec, { draft, phases, edges, files: options.files }, problems);
  return { graph: problems.hasErrors ? null : graph, problems: problems.list };
}

interface Parts {
  readonly draft: Draft;
  readonly phases: PhaseNeeds;
  readonly edges: readonly (readonly Edge[])[];
  readonly files: Readonly<Record<string, string>>;
}

function assemble(spec: WorkflowSpec, parts: Parts, problems: Problems): Graph {
  const files: Files = { known: parts.files, used: new Set() };
  const steps = parts.draft.steps.map((step) =>
    makeStep(step, { needs: parts.edges[step.index] ?? [], files }, problems),
  );
  const used = [...files.used].toSorted();
  return {
    input: spec.input ?? null,
    phases: parts.draft.phases.map((phase): Phase => ({
      name: phase.spec.name,
      title: phase.spec.title ?? phase.spec.name,
      needs: parts.phases.needs[phase.index] ?? [],
    })),
    steps,
    output: spec.output ?? null,
    timeoutMs:
      spec.timeout === undefined
        ? null
        : readDurationMs(spec.timeout, { path: ['timeout'], defaultMs: 0 }, problems),
    resume: makeResume(spec, problems),
    files: Object.fromEntries(used.map((path) => [path, parts.files[path] ?? ''])),
    applyTrigger: makeApplyTrigger(spec, problems),
  };
}

function makeResume({ resume = {} }: WorkflowSpec, problems: Problems): Resume {
  return {
    everyMs: readDurationMs(
      resume.every,
      { path: ['resume', 'every'], defaultMs: RESUME_EVERY_MS },
      problems,
    ),
    maxAttempts: resume.maxAttempts ?? RESUME_ATTEMPTS,
    when: resume.when ?? [],
  };
}

function makeApplyTrigger(spec: WorkflowSpec, problems: Problems): Graph['applyTrigger'] {
  const [first, second] = (spec.triggers ?? []).flatMap((trigger, index) =>
    'apply' in trigger ? [{ trigger, index }] : [],
  );
  if (second !== undefined) {
    problems.error('duplicate-trigger', ['triggers', second.index], {
      message: `"${second.trigger.name}" is a second apply trigger; a new version starts one run.`,
      hint: 'Remove one of them.',
    });
  }
  if (first === undefined) return null;
  const input: Json = first.trigger.input ?? {};
  return { name: first.trigger.name, input };
}
