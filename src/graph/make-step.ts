import type { DraftStep } from './draft.ts';
import type { Edge, Retry, Step } from './graph.ts';
import { DEFAULT_MAX_PARALLEL } from './limits.ts';
import type { Problems } from './problems.ts';
import { readDurationMs } from './read-duration.ts';
import { type Files, readFiles } from './read-files.ts';

/** A step of the graph, with all defaults filled in. */
export function makeStep(
  step: DraftStep,
  parts: { readonly needs: readonly Edge[]; readonly files: Files },
  problems: Problems,
): Step {
  const { spec, path, traits } = step;
  const forEach = spec.forEach ?? null;
  const { verbatimKeys } = traits;
  return {
    id: spec.id,
    name: spec.name ?? spec.id,
    type: spec.type,
    section: step.section,
    phase: step.phase,
    config: readFiles(step, parts.files, problems),
    ...(verbatimKeys.length > 0 ? { verbatimKeys } : {}),
    needs: parts.needs,
    join: spec.join ?? 'all',
    when: spec.when ?? null,
    forEach,
    maxParallel: forEach === null ? null : (spec.maxParallel ?? DEFAULT_MAX_PARALLEL),
    retry: makeRetry(step, problems),
    timeoutMs: readDurationMs(
      spec.timeout,
      { path: [...path, 'timeout'], defaultMs: traits.timeoutMs },
      problems,
    ),
    onError: spec.onError ?? 'fail',
    queue: spec.queue ?? 'default',
  };
}

/** A step that the controller settles is data to data: it would fail the same way again. */
function makeRetry({ spec, path, traits }: DraftStep, problems: Problems): Retry {
  const { retry = {} } = spec;
  const delay = (key: 'initialDelay' | 'maxDelay', defaultMs: number): number =>
    readDurationMs(
      retry[key],
      { path: [...path, 'retry', key], defaultMs, isZeroAllowed: true },
      problems,
    );
  const initialDelayMs = delay('initialDelay', 1000);
  return {
    maxAttempts: retry.maxAttempts ?? (traits.runsIn === 'controller' ? 1 : 3),
    initialDelayMs,
    maxDelayMs: Math.max(delay('maxDelay', 60_000), initialDelayMs),
    factor: retry.factor ?? 2,
    jitter: retry.jitter ?? 0.2,
  };
}
