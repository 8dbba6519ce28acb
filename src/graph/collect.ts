import { RESERVED_NAMES } from '../expr/roots.ts';
import { didYouMean } from '../expr/suggest.ts';
import type { Draft, DraftPhase, DraftStep } from './draft.ts';
import type { Section } from './graph.ts';
import { MAX_ID_LENGTH, MAX_PHASES, MAX_STEPS } from './limits.ts';
import type { NodeTraits } from './node-traits.ts';
import type { Path } from './problem.ts';
import type { Problems } from './problems.ts';
import type { StepSpec, WorkflowSpec } from './spec.ts';

const ID = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

/** Stands in for a type that does not exist, so that the rest is still checked. */
const UNKNOWN_TRAITS: NodeTraits = {
  runsIn: 'runner',
  timeoutMs: 60_000,
  fileKeys: [],
  verbatimKeys: [],
};

interface Collecting {
  readonly problems: Problems;
  readonly nodeTypes: ReadonlyMap<string, NodeTraits>;
  readonly steps: DraftStep[];
  readonly indexOf: Map<string, number>;
}

/** Puts all steps into the graph's order, and checks what can be known of each by itself. */
export function collect(
  spec: WorkflowSpec,
  nodeTypes: ReadonlyMap<string, NodeTraits>,
  problems: Problems,
): Draft {
  const collecting: Collecting = { problems, nodeTypes, steps: [], indexOf: new Map() };
  const phases = collectPhases(spec, problems);
  for (const phase of phases) {
    const path = spec.steps === undefined ? [...phase.path, 'steps'] : ['steps'];
    addList(collecting, phase.spec.steps, { path, section: 'main', phase: phase.index });
  }
  for (const section of ['onFailure', 'finally'] as const) {
    addList(collecting, spec[section] ?? [], { path: [section], section, phase: null });
  }
  if (collecting.steps.length > MAX_STEPS) {
    const message = `The workflow has ${collecting.steps.length} steps; at most ${MAX_STEPS} are allowed.`;
    problems.error('too-many-steps', [], { message, hint: 'Use forEach, or child workflows.' });
  }
  return { phases, steps: collecting.steps, indexOf: collecting.indexOf };
}

function collectPhases(spec: WorkflowSpec, problems: Problems): DraftPhase[] {
  if ((spec.phases === undefined) === (spec.steps === undefined)) {
    const both = spec.phases !== undefined;
    problems.error('phases-or-steps', both ? ['steps'] : [], {
      message: both ? 'There are phases and steps; expected one of them.' : 'There are no steps.',
      hint: 'Write `steps:` for a single phase, or `phases:` with steps in each.',
    });
  }
  const list = spec.phases ?? [{ name: 'main', steps: spec.steps ?? [] }];
  if (list.length === 0)
    problems.error('no-phases', ['phases'], { message: 'There are no phases.' });
  if (list.length > MAX_PHASES) {
    const message = `The workflow has ${list.length} phases; at most ${MAX_PHASES} are allowed.`;
    problems.error('too-many-phases', ['phases'], {
      message,
      hint: 'Join some, or use child workflows.',
    });
  }
  const hasPhases = spec.phases !== undefined;
  const phases = list.map((phase, index): DraftPhase => ({
    index,
    spec: phase,
    path: hasPhases ? ['phases', index] : [],
  }));
  if (hasPhases || spec.steps !== undefined)
    for (const phase of phases) checkPhase(phase, phases, problems);
  return phases;
}

function checkPhase(phase: DraftPhase, phases: readonly DraftPhase[], problems: Problems): void {
  const { name, steps } = phase.spec;
  if (phase.path.length > 0)
    checkId(name, { path: [...phase.path, 'name'], what: 'phase name' }, problems);
  const first = phases.findIndex((other) => other.spec.name === name);
  if (first < phase.index) {
    problems.error('duplicate-phase', [...phase.path, 'name'], {
      message: `There are two phases "${name}"; the first is number ${first + 1}.`,
    });
  }
  if (steps.length > 0) return;
  problems.error('no-steps', [...phase.path, 'steps'], {
    message: phase.path.length > 0 ? `Phase "${name}" has no steps.` : 'There are no steps.',
    hint: 'Add a step, such as `- { id: begin, type: start }`.',
  });
}

function addList(
  collecting: Collecting,
  specs: readonly StepSpec[],
  place: { readonly path: Path; readonly section: Section; readonly phase: number | null },
): void {
  const { steps, indexOf, problems, nodeTypes } = collecting;
  specs.forEach((spec, position) => {
    const index = steps.length;
    const path = [...place.path, position];
    const traits = nodeTypes.get(spec.type) ?? UNKNOWN_TRAITS;
    const before = position > 0 ? index - 1 : null;
    const step: DraftStep = {
      index,
      spec,
      path,
      section: place.section,
      phase: place.phase,
      before,
      traits,
    };
    steps.push(step);
    checkStep(step, { problems, nodeTypes, first: indexOf.get(spec.id), steps });
    if (!indexOf.has(spec.id)) indexOf.set(spec.id, index);
  });
}

function checkStep(
  { spec, path }: DraftStep,
  known: {
    readonly problems: Problems;
    readonly nodeTypes: ReadonlyMap<string, NodeTraits>;
    readonly first: number | undefined;
    readonly steps: readonly DraftStep[];
  },
): void {
  const { problems, nodeTypes, first, steps } = known;
  checkId(spec.id, { path: [...path, 'id'], what: 'step id' }, problems);
  if (first !== undefined) {
    const place = steps[first]?.path.join('.') ?? '';
    problems.error('duplicate-id', [...path, 'id'], {
      message: `There are two steps "${spec.id}"; the first is ${place}.`,
      hint: 'Give each step an id of its own, also across phases.',
    });
  }
  if (nodeTypes.has(spec.type)) return;
  const someTypes = [...nodeTypes.keys()].toSorted().slice(0, 20).join(', ');
  problems.error('unknown-type', [...path, 'type'], {
    message: `There is no node type "${spec.type}".`,
    hint: () => didYouMean(spec.type, nodeTypes.keys()) ?? `The types are ${someTypes}.`,
  });
}

function checkId(id: string, place: { path: Path; what: string }, problems: Problems): void {
  const { path, what } = place;
  if (!ID.test(id) || id.length > MAX_ID_LENGTH) {
    problems.error('bad-id', path, {
      message: `"${id.slice(0, 80)}" is no ${what}.`,
      hint: `Use letters, digits, "_" and "-", not "-" first, at most ${MAX_ID_LENGTH} characters.`,
    });
  } else if (what === 'step id' && RESERVED_NAMES.has(id)) {
    problems.error('reserved-id', path, {
      message: `"${id}" cannot be a step id: in expressions it means something else.`,
      hint: `Call it "${id}_step", for example.`,
    });
  }
}
