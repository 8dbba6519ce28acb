import type { Fact } from '../engine/fact.ts';
import type { Program } from '../graph/program.ts';
import type { RunRequest } from '../record/run.ts';

/** What a person's request means for the engine; null when it names a step that is not there. */
export function requestFact(program: Program, request: RunRequest, at: number): Fact | null {
  const { body, by } = request;
  if (body.kind === 'cancel') return { kind: 'cancelRequested', at, reason: body.reason, by };
  const changed = body.input === undefined ? {} : { input: body.input };
  if (body.fromStep === null) {
    return { kind: 'reopened', at, steps: [], cause: 'manual', by, ...changed };
  }
  const step = program.indexOf.get(body.fromStep);
  if (step === undefined) return null;
  return { kind: 'reopened', at, steps: [step], cause: 'manual', by, ...changed };
}
