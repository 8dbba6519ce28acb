import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import type { Path, Problem } from '../../graph/problem.ts';
import { problem } from './dialect.ts';

export interface Edge {
  readonly source: string;
  readonly target: string;
  readonly id?: string;
  readonly label?: string;
  readonly sourceHandle?: string | null;
  readonly condition?: string | boolean;
}

interface Surroundings {
  /** Index of the node in the document. */
  readonly position: number;
  /** The edges that leave it, with their index in the document. */
  readonly edges: readonly { readonly edge: Edge; readonly index: number }[];
  readonly ids: ReadonlySet<string>;
}

export interface Branches {
  /** The config with every branch naming a step. */
  readonly config: Json | undefined;
  /** Edges that are branches, by index. */
  readonly used: readonly number[];
  readonly problems: readonly Problem[];
}

/**
 * Where the branches of a conditional or switch lead. A branch names a node; or an edge by its id,
 * label or handle; or, where it names nothing, the edge may name the branch. A branch that leads
 * nowhere is dropped with a warning: the documented example has such ones.
 */
export function resolveBranches(node: JsonObject, around: Surroundings): Branches {
  const { config, type } = node;
  if (type === 'conditional') return new BranchReader(around).conditional(config);
  if (type === 'switch') return new BranchReader(around).switch(config);
  return { config, used: [], problems: [] };
}

class BranchReader {
  readonly #around: Surroundings;
  readonly #used: number[] = [];
  readonly #problems: Problem[] = [];

  constructor(around: Surroundings) {
    this.#around = around;
  }

  conditional(config: Json | undefined): Branches {
    const fields = isJsonObject(config) ? config : {};
    const { true_edge: onTrue, false_edge: onFalse, ...rest } = fields;
    const yes = this.#follow(onTrue, 'true', ['true_edge']);
    const no = this.#follow(onFalse, 'false', ['false_edge']);
    return this.#result({
      ...rest,
      ...(yes === undefined ? {} : { true_edge: yes }),
      ...(no === undefined ? {} : { false_edge: no }),
    });
  }

  switch(config: Json | undefined): Branches {
    const fields = isJsonObject(config) ? config : {};
    const { cases, default: otherwise, ...rest } = fields;
    const last = this.#follow(otherwise, 'default', ['default']);
    const entries = Object.entries(isJsonObject(cases) ? cases : {}).flatMap(([key, value]) => {
      const target = this.#follow(value, key, ['cases', key]);
      return target === undefined ? [] : [[key, target] as const];
    });
    return this.#result({
      ...rest,
      ...(cases === undefined
        ? {}
        : { cases: isJsonObject(cases) ? Object.fromEntries(entries) : cases }),
      ...(last === undefined ? {} : { default: last }),
    });
  }

  #result(config: JsonObject): Branches {
    return { config, used: this.#used, problems: this.#problems };
  }

  /** The id of the node that a branch leads to; anything but text is left for the schema to tell. */
  #follow(value: Json | undefined, branch: string, field: Path): Json | undefined {
    if (value !== undefined && typeof value !== 'string') return value;
    const { ids, edges } = this.#around;
    if (value !== undefined && ids.has(value)) return this.#take(value, branch);
    const wanted = value ?? branch;
    const named = edges.filter(({ edge }) => namesOf(edge).includes(wanted));
    const found =
      named.length > 0 ? named : edges.filter(({ edge }) => namesOf(edge).includes(branch));
    const [first, second] = found;
    if (second !== undefined) this.#problems.push(twoTargets(second.index, wanted));
    if (first !== undefined) {
      this.#used.push(first.index);
      return first.edge.target;
    }
    if (value !== undefined) this.#problems.push(this.#dangling(value, field));
    return undefined;
  }

  /** A branch that names a node: edges there that carry the branch's name are the same branch. */
  #take(target: string, branch: string): string {
    for (const { edge, index } of this.#around.edges) {
      if (edge.target === target && namesOf(edge).includes(branch)) this.#used.push(index);
    }
    return target;
  }

  #dangling(value: string, field: Path): Problem {
    const path = ['nodes', this.#around.position, 'config', ...field];
    const mistake = {
      code: 'dangling-branch',
      message: `The branch leads to "${value}", and there is no such node or edge: nothing follows.`,
      hint: 'Add the node, or remove the branch.',
    };
    return problem(path, mistake, 'warning');
  }
}

function namesOf(edge: Edge): readonly string[] {
  return [edge.id, edge.label, edge.sourceHandle, edge.condition]
    .filter((name) => name !== undefined && name !== null)
    .map(String);
}

function twoTargets(index: number, branch: string): Problem {
  return problem(['edges', index], {
    code: 'ambiguous-branch',
    message: `The branch "${branch}" has two edges; it can lead to one step only.`,
    hint: 'Lead it to a transform step that both targets need.',
  });
}
