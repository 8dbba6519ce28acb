import type { RunViewer } from '../api/ports.ts';
import { fold } from '../engine/fold.ts';
import { Narrator } from '../engine/narrate.ts';
import { initialState, type RunState } from '../engine/state.ts';
import { viewRun } from '../engine/view.ts';
import { compile } from '../graph/compile.ts';
import type { Program } from '../graph/program.ts';
import type { RunRecord } from '../record/run.ts';
import type { VersionRecord } from '../record/workflow.ts';

/** Compiled versions that are kept for views. */
const CAPACITY = 200;

/** Shows runs to the API by folding their facts, as the controller does. */
export function createRunViewer(now: () => number): RunViewer {
  const programs = new Map<string, Program>();
  const programOf = (version: VersionRecord): Program => {
    const known = programs.get(version.id);
    if (known !== undefined) return known;
    const program = compile(version.graph);
    const oldest = programs.size < CAPACITY ? undefined : programs.keys().next().value;
    if (oldest !== undefined) programs.delete(oldest);
    programs.set(version.id, program);
    return program;
  };
  return {
    view: (version, run, facts) => {
      const program = programOf(version);
      const state = unstarted(program, run);
      for (const { fact } of facts) fold(program, state, fact);
      state.now = Math.max(state.now, now());
      return viewRun(program, state);
    },
    narrate: (version, run) => {
      const program = programOf(version);
      return new Narrator(program, unstarted(program, run));
    },
  };
}

function unstarted(program: Program, run: RunRecord): RunState {
  const { id, namespace, workflow, versionNumber, createdAt, input } = run;
  return initialState(program, { id, namespace, workflow, versionNumber, createdAt }, input);
}
