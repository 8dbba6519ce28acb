import { scopeOf } from '../engine/scope.ts';
import { ExpressionError } from '../expr/expression-error.ts';
import type { Program } from '../graph/program.ts';
import type { Probes } from './ports.ts';
import type { CachedRun } from './run-cache.ts';

export type ResumeVerdict =
  { readonly holds: true } | { readonly holds: false; readonly reason: string };

/** Whether all conditions of `resume.when` hold now; the first that does not is the reason. */
export async function checkResume(
  run: Pick<CachedRun, 'program' | 'state'>,
  probes: Probes,
): Promise<ResumeVerdict> {
  for (const condition of run.program.resumeWhen) {
    const reason = await objection(run, condition, probes);
    if (reason !== null) return { holds: false, reason };
  }
  return { holds: true };
}

async function objection(
  run: Pick<CachedRun, 'program' | 'state'>,
  condition: Program['resumeWhen'][number],
  probes: Probes,
): Promise<string | null> {
  const scope = scopeOf(run.program, run.state);
  try {
    switch (condition.kind) {
      case 'secret':
        return probes.hasSecret(condition.name) ? null : `secret "${condition.name}" is not set`;
      case 'http': {
        const value = condition.url.evaluate(scope);
        const url = typeof value === 'string' ? value : JSON.stringify(value);
        return (await probes.answers(url)) ? null : `${url} does not answer with success`;
      }
      case 'expr':
        return condition.condition.evaluate(scope) ? null : 'a resume expression is false';
    }
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}
