import { isJsonObject, type Json } from '../expr/json.ts';
import { didYouMean } from '../expr/suggest.ts';
import type { Draft, DraftStep } from './draft.ts';
import type { Path } from './problem.ts';
import type { Problems } from './problems.ts';

/** One way out of a conditional or switch, as its config names it. */
export interface Branch {
  readonly from: number;
  readonly to: number;
  /** `true`, `false`, the case's key, or `default`. */
  readonly branch: string;
  readonly path: Path;
}

/** The ways out of all conditionals and switches, by the step that they lead to. */
export function collectBranches(
  draft: Draft,
  problems: Problems,
): ReadonlyMap<number, readonly Branch[]> {
  const byTarget = new Map<number, Branch[]>();
  for (const step of draft.steps) {
    for (const { branch, path, target } of waysOut(step)) {
      const to = targetOf(draft, step, { path, target, problems });
      if (to === null) continue;
      const list = byTarget.get(to) ?? [];
      list.push({ from: step.index, to, branch, path });
      byTarget.set(to, list);
    }
  }
  return byTarget;
}

interface WayOut {
  readonly branch: string;
  readonly path: Path;
  readonly target: Json;
}

function waysOut(step: DraftStep): readonly WayOut[] {
  const config = step.spec.config ?? {};
  const at = [...step.path, 'config'];
  if (step.spec.type === 'conditional') {
    return [
      ...wayOut('true', [...at, 'true_edge'], config['true_edge']),
      ...wayOut('false', [...at, 'false_edge'], config['false_edge']),
    ];
  }
  if (step.spec.type !== 'switch') return [];
  const cases = isJsonObject(config['cases']) ? config['cases'] : {};
  return [
    ...Object.entries(cases).flatMap(([key, target]) => wayOut(key, [...at, 'cases', key], target)),
    ...wayOut('default', [...at, 'default'], config['default']),
  ];
}

function wayOut(branch: string, path: Path, target: Json | undefined): WayOut[] {
  return target === undefined || target === null ? [] : [{ branch, path, target }];
}

function targetOf(
  draft: Draft,
  step: DraftStep,
  way: { readonly path: Path; readonly target: Json; readonly problems: Problems },
): number | null {
  const { path, target, problems } = way;
  const index = typeof target === 'string' ? draft.indexOf.get(target) : undefined;
  const found = index === undefined ? undefined : draft.steps[index];
  if (found === undefined) {
    const name = typeof target === 'string' ? target : JSON.stringify(target);
    const message = `The branch leads to "${name}", and there is no such step.`;
    problems.error('unknown-branch-target', path, {
      message,
      hint: () => didYouMean(name, draft.indexOf.keys()),
    });
    return null;
  }
  if (found.index === step.index) {
    problems.error('self-need', path, { message: `Step "${step.spec.id}" branches to itself.` });
    return null;
  }
  if (found.section !== step.section) {
    const message = `The branch leads to "${found.spec.id}" in ${found.section}; a branch stays in its section.`;
    problems.error('other-section', path, { message });
    return null;
  }
  return found.index;
}
