import type { RunResource, WorkflowResource } from '../../src/manifest/resource.ts';
import type { Dice } from './dice.ts';
import { randomInput } from './random-input.ts';
import type { PlannedFlow } from './scenario.ts';

/** What one file declares: an object, or nothing that could be read. */
export type Declared = WorkflowResource | RunResource | 'nonsense';

export interface PlannedRevision {
  readonly id: string;
  readonly atMs: number;
  readonly files: ReadonlyMap<string, Declared>;
}

/** A repository or directory, and what people commit to it in the course of time. */
export interface PlannedSource {
  readonly name: string;
  readonly kind: 'directory' | 'git';
  /** In order of time; the last one can be applied. */
  readonly revisions: readonly PlannedRevision[];
}

/** Revisions in which workflows come, change places and go, and runs are declared. */
export function makeDeclarations(
  dice: Dice,
  flows: readonly PlannedFlow[],
  stormMs: number,
): PlannedSource[] {
  const count = dice.between(1, 4);
  const times = Array.from({ length: count }, () => dice.below(stormMs)).toSorted((a, b) => a - b);
  const revisions = times.map((atMs, index): PlannedRevision => {
    const files = new Map<string, Declared>();
    // The first flow is always there, so that a Run has something to name.
    const present = flows.filter((_, place) => place === 0 || dice.chance(0.7));
    for (const flow of present) files.set(`${flow.name}.yaml`, workflowResource(dice, flow));
    for (let number = 0; number < 3; number += 1) {
      if (dice.chance(0.3)) continue;
      const run = runResource(dice, { number, workflow: dice.pick(present).name });
      files.set(run.file, run);
    }
    if (index < count - 1 && dice.chance(0.2)) files.set('broken.yaml', 'nonsense');
    return { id: `r${index + 1}`, atMs, files };
  });
  return [{ name: 'repository', kind: dice.pick(['directory', 'git']), revisions }];
}

function workflowResource(dice: Dice, flow: PlannedFlow): WorkflowResource {
  const { name, graph, digest, behaviour } = flow;
  const file = `${name}.yaml`;
  // The same digest again under another title: an object that is configured, without a version.
  const title = dice.pick(['One', 'Other']);
  const trigger = { name: 'commit', input: randomInput(dice) };
  const applyTrigger = behaviour.seed % 2 === 0 ? trigger : null;
  return {
    kind: 'Workflow',
    namespace: 'default',
    name,
    title,
    description: '',
    labels: {},
    annotations: {},
    manifest: { title },
    file,
    line: 1,
    column: 1,
    folder: '',
    graph: { ...graph, applyTrigger },
    canonicalText: digest,
    digest,
  };
}

/** Few specs, so that some come back after they were gone. */
function runResource(dice: Dice, parts: { number: number; workflow: string }): RunResource {
  const salt = dice.below(2);
  const spec = `${parts.workflow} ${salt}`;
  const name = `run-${parts.number}`;
  return {
    kind: 'Run',
    namespace: 'default',
    name,
    labels: { spec },
    annotations: {},
    manifest: { spec },
    file: `${name}.yaml`,
    line: 1,
    column: 1,
    digest: spec,
    workflow: parts.workflow,
    input: { flag: salt > 0, kind: 'a', salt },
    onDelete: parts.number === 0 ? 'cancel' : 'keep',
  };
}
