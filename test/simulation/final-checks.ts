import { isFinal, type RunRecord } from '../../src/record/run.ts';
import { childRunId } from '../../src/engine/decision.ts';
import type { Shadow } from './checker.ts';
import type { PlannedSource } from './planned-source.ts';
import type { Simulation } from './simulation.ts';

/** What must hold of everything once all is over. */
export function checkEnd(simulation: Simulation): void {
  for (const run of simulation.store.runs) checkRun(simulation, run);
  for (const source of simulation.scenario.sources) checkSource(simulation, source);
  simulation.checker.checkRequests();
  if (!simulation.transport.isEmpty) {
    const { tasks, checkpoints, activity } = simulation.transport;
    const left = [tasks, checkpoints, activity].map(({ keys }) => keys.slice(0, 3).join(' '));
    simulation.checker.broken(`left in the queues: ${left.join(', ')}`);
  }
}

function checkRun(simulation: Simulation, run: RunRecord): void {
  const { checker } = simulation;
  const shadow = checker.shadows.get(run.id);
  if (shadow === undefined) return checker.broken(`${run.id}: nobody created it`);
  const { state, seq } = shadow;
  const { finished } = state;
  if (run.seq !== seq) checker.broken(`${run.id}: stored at ${run.seq}, its facts end at ${seq}`);
  const told = JSON.stringify([run.status, run.output, run.error]);
  const meant = JSON.stringify([finished?.status, finished?.output, finished?.error]);
  if (finished !== null && told !== meant) {
    checker.broken(`${run.id}: stored as ${told}, its facts say ${meant}`);
  }
  if (finished?.status === 'completed') completedRightly(simulation, shadow);
  if (finished?.status === 'failed' && finished.error === null) {
    checker.broken(`${run.id}: failed without a reason`);
  }
  checkParent(simulation, shadow);
}

function completedRightly(simulation: Simulation, shadow: Shadow): void {
  const { checker, store } = simulation;
  const { program, state, run } = shadow;
  for (const { index, id, section, definition } of program.steps) {
    const step = state.steps[index]!;
    const isFine = step.status === 'completed' || step.status === 'skipped';
    const isTolerated = step.status === 'failed' && definition.onError === 'continue';
    if (!isFine && !isTolerated) {
      checker.broken(`${run.id}: completed, but step ${id} (${section}) is ${step.status}`);
    }
  }
  for (const digest of JSON.stringify(state.finished?.output).match(/[0-9a-f]{64}/g) ?? []) {
    if (store.getBlob(digest) === null) checker.broken(`${run.id}: artifact ${digest} is lost`);
  }
}

/** A child belongs to an attempt of its parent that has ended, and not before the child itself. */
function checkParent(simulation: Simulation, { run, state }: Shadow): void {
  const { checker, store } = simulation;
  const { parent } = run;
  if (parent === null) return;
  const above = store.run(parent.runId);
  if (above === undefined) return checker.broken(`${run.id}: its parent does not exist`);
  if (childRunId(parent.runId, parent) !== run.id) {
    checker.broken(`${run.id}: not the child run of the attempt that it names`);
  }
  if (!isFinal(above.status) || state.finished === null) {
    checker.broken(`${run.id} and its parent ${above.id} have not both ended`);
  }
}

/** The ledger is what the last revision declares, and each declaration has its one run. */
function checkSource({ checker, store }: Simulation, source: PlannedSource): void {
  const last = source.revisions.at(-1)!;
  const record = store.catalog.source(source.name);
  if (record?.lastAppliedRevision !== last.id) {
    const found = record?.lastAppliedRevision ?? 'nothing';
    return checker.broken(`${source.name} is at ${found}, not at ${last.id}`);
  }
  const declared = [...last.files.values()].filter((each) => each !== 'nonsense');
  const workflows = new Map(
    declared.flatMap((each) => (each.kind === 'Workflow' ? [[each.name, each]] : [])),
  );
  const owned = store.catalog.workflows.filter(({ owner }) => owner === source.name);
  const wanted = [...workflows.values()].map((each) => `${each.name} ${each.digest} ${each.title}`);
  const found = owned.map((each) => `${each.name} ${each.digest} ${each.title}`);
  if (wanted.toSorted().join() !== found.toSorted().join()) {
    checker.broken(`${source.name} declares ${wanted.join()}; there is ${found.join()}`);
  }
  const started = store.runs.filter(({ cause }) => cause.kind === 'manifest');
  const byDeclaration = Map.groupBy(started, (run) => `${run.cause.name} ${run.labels['spec']}`);
  for (const [declaration, runs] of byDeclaration) {
    if (runs.length > 1) checker.broken(`${declaration} has started ${runs.length} runs`);
  }
  for (const each of declared) {
    if (each.kind !== 'Run' || byDeclaration.has(`${each.name} ${each.digest}`)) continue;
    checker.broken(`${each.name} (${each.digest}) has not started its run`);
  }
  const triggered = store.runs.filter(({ cause }) => cause.kind === 'apply');
  const versions = new Set(triggered.map(({ versionId }) => versionId));
  if (versions.size < triggered.length) checker.broken('a version has started two runs');
}
