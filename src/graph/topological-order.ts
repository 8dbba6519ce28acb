export type Ordering =
  | { readonly ok: true; readonly order: readonly number[] }
  /** A cycle from its smallest index on, the first not repeated; each is needed by the next. */
  | { readonly ok: false; readonly cycle: readonly number[] };

/** An order in which each comes after all that it needs, or a cycle that makes it impossible. */
export function topologicalOrder(needs: readonly (readonly number[])[]): Ordering {
  const successors: number[][] = needs.map(() => []);
  const open = needs.map((list) => new Set(list).size);
  needs.forEach((list, index) => {
    for (const need of new Set(list)) successors[need]?.push(index);
  });
  const order = [...needs.keys()].filter((index) => open[index] === 0);
  for (let at = 0; at < order.length; at += 1) {
    for (const next of successors[order[at] ?? 0] ?? []) {
      const left = (open[next] ?? 0) - 1;
      open[next] = left;
      if (left === 0) order.push(next);
    }
  }
  if (order.length === needs.length) return { ok: true, order };
  return { ok: false, cycle: findCycle(needs, new Set(order)) };
}

/** Walks back from any node that is left: each of them needs another one that is left. */
function findCycle(needs: readonly (readonly number[])[], done: ReadonlySet<number>): number[] {
  const trail: number[] = [];
  const places = new Map<number, number>();
  let current = [...needs.keys()].find((index) => !done.has(index));
  while (current !== undefined && !places.has(current)) {
    places.set(current, trail.length);
    trail.push(current);
    current = needs[current]?.find((need) => !done.has(need));
  }
  const cycle = trail.slice(current === undefined ? 0 : places.get(current)).toReversed();
  const start = cycle.indexOf(Math.min(...cycle));
  return [...cycle.slice(start), ...cycle.slice(0, start)];
}
