import { attemptFact } from '../../src/engine/perform.ts';
import type { RunState } from '../../src/engine/state.ts';
import type { Json, JsonObject } from '../../src/expr/json.ts';
import type { Program } from '../../src/graph/program.ts';
import { type Outcome, type Task, taskId } from '../../src/task/task.ts';
import { type Behaviour, World } from '../engine/world.ts';

export interface Flow {
  readonly name: string;
  readonly program: Program;
  readonly behaviour: Behaviour;
}

/** Knows how each attempt comes out, and how a run ends where nothing ever goes astray. */
export class Oracle {
  readonly #flows: ReadonlyMap<string, Flow>;
  readonly #worlds = new Map<string, World>();

  constructor(flows: readonly Flow[]) {
    this.#flows = new Map(flows.map((flow) => [flow.name, flow]));
  }

  /** Decided by workflow, the run's `salt`, step, item and attempt; not by run id or order. */
  outcome(task: Pick<Task, 'workflow' | 'step' | 'item' | 'attempt'>, input: Json): Outcome {
    const world = this.#book(task.workflow, input);
    const { step, item, attempt } = task;
    const id = taskId(world.state.identity.id, { step, item, attempt });
    const fact = world.checkpoint({ id, step, item, attempt });
    if (fact.kind !== 'attempt') throw new Error('a checkpoint is an attempt');
    return fact.outcome;
  }

  #book(workflow: string, input: Json): World {
    const key = `${workflow}/${saltOf(input)}`;
    const world = this.#worlds.get(key) ?? this.#world(workflow, input);
    this.#worlds.set(key, world);
    return world;
  }

  #world(workflow: string, input: Json): World {
    const flow = this.#flows.get(workflow);
    if (flow === undefined) throw new Error(`no workflow ${workflow}`);
    const { behaviour, program } = flow;
    return new World(program, input, { ...behaviour, seed: behaviour.seed + saltOf(input) });
  }

  /** How a run ends in a calm world: one thing after another, nothing lost. */
  end(workflow: string, input: Json): RunState {
    const world = this.#world(workflow, input);
    world.step([]);
    this.#children(world);
    for (let moves = 0; world.move((count) => count - 1); moves += 1) {
      this.#children(world);
      if (moves > 5000) throw new Error(`the calm run of ${workflow} goes on for ever`);
    }
    return world.state;
  }

  #children(world: World): void {
    const wishes = world.last?.children ?? [];
    for (const wish of wishes) {
      world.step([attemptFact(world.state, wish.ref, this.#childOutcome(wish))]);
      this.#children(world);
    }
  }

  #childOutcome({ workflow, input }: { workflow: string; input: Json }): Outcome {
    const failed = { class: 'hard', code: 'child_failed', message: '' } as const;
    if (!this.#flows.has(workflow)) return { kind: 'failed', error: failed };
    const { finished } = this.end(workflow, input);
    if (finished?.status === 'completed') return { kind: 'completed', output: finished.output };
    return { kind: 'failed', error: failed };
  }
}

function saltOf(input: Json): number {
  return Number((input as JsonObject | null)?.['salt'] ?? 0);
}
