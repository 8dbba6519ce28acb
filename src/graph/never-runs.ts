import type { Draft } from './draft.ts';
import type { Edge } from './graph.ts';
import type { Problems } from './problems.ts';
import { topologicalOrder } from './topological-order.ts';

/** Which way each of some branching steps must have taken; by the step's index. */
type Ways = ReadonlyMap<number, ReadonlySet<string>>;

const FREE: Ways = new Map();

/** Above this many guarded edges the check is left out, as its cost grows with them and the steps. */
const MAX_GUARDS = 500;

/**
 * Warns of steps that can never run: with `join: all` they need both ways of one branch. That is
 * what happens when two branches meet again and nobody wrote `join: any`.
 */
export function checkReachable(
  draft: Draft,
  edges: readonly (readonly Edge[])[],
  problems: Problems,
): void {
  const guards = edges.flat().filter(({ branch }) => branch !== null).length;
  if (guards === 0 || guards > MAX_GUARDS) return;
  const ordering = topologicalOrder(edges.map((list) => list.map(({ from }) => from)));
  if (!ordering.ok) return;
  const ways: Ways[] = [];
  for (const index of ordering.order) {
    const step = draft.steps[index];
    const incoming = groupBySource(edges[index] ?? []).map((edge) => through(edge, ways));
    const isAny = step?.spec.join === 'any';
    ways[index] = isAny ? inCommon(incoming) : together(incoming);
    const dead = [...(ways[index] ?? FREE)].find(([, taken]) => taken.size === 0);
    if (dead === undefined || step === undefined) continue;
    const source = draft.steps[dead[0]]?.spec.id ?? '';
    problems.warning('never-runs', [...step.path, step.spec.needs === undefined ? 'id' : 'needs'], {
      message: `Step "${step.spec.id}" can never run: it needs steps of different branches of "${source}".`,
      hint: 'Add `join: any`, so that the branch that was taken is enough.',
    });
    // Reported once; what follows from it is not reported again.
    ways[index] = FREE;
  }
}

interface Source {
  readonly from: number;
  /** Null when one of the edges has no guard. */
  readonly branches: ReadonlySet<string> | null;
}

/** Edges from one step count as one: it is live if any of them was taken. */
function groupBySource(edges: readonly Edge[]): Source[] {
  return [...Map.groupBy(edges, ({ from }) => from)].map(([from, list]) => {
    const branches = list.flatMap(({ branch }) => (branch === null ? [] : [branch]));
    return { from, branches: branches.length < list.length ? null : new Set(branches) };
  });
}

function through({ from, branches }: Source, ways: readonly Ways[]): Ways {
  const before = ways[from] ?? FREE;
  return branches === null ? before : together([before, new Map([[from, branches]])]);
}

function together(list: readonly Ways[]): Ways {
  const [first = FREE, ...rest] = list.filter((ways) => ways.size > 0);
  if (rest.length === 0) return first;
  const result = new Map(first);
  for (const [step, taken] of rest.flatMap((ways) => [...ways])) {
    const known = result.get(step);
    result.set(
      step,
      known === undefined ? taken : new Set([...known].filter((way) => taken.has(way))),
    );
  }
  return result;
}

/** With `join: any` only what every need asks for is certain. */
function inCommon(list: readonly Ways[]): Ways {
  const [first = FREE, ...rest] = list;
  const result = new Map<number, ReadonlySet<string>>();
  for (const [step, taken] of first) {
    const others = rest.map((ways) => ways.get(step));
    if (others.some((other) => other === undefined)) continue;
    result.set(step, new Set([taken, ...others].flatMap((set) => [...(set ?? [])])));
  }
  return result;
}
