import { randomUUID } from 'node:crypto';

import type {
  Ledger,
  RevisionChange,
  RunChange,
  WorkflowChange,
} from '../../src/controller/ports.ts';
import type { AttemptFact } from '../../src/engine/fact.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { NewRun, RunRecord } from '../../src/record/run.ts';
import type { SourceRecord } from '../../src/record/source.ts';
import type { WorkflowRecord } from '../../src/record/workflow.ts';
import { newRunId } from '../../src/store/uuid.ts';

export const EMPTY_GRAPH: Graph = {
  input: null,
  phases: [],
  steps: [],
  output: null,
  timeoutMs: null,
  resume: { everyMs: 300_000, maxAttempts: 5, when: [] },
  files: {},
  applyTrigger: null,
};

export function sourceRecord(change: Partial<SourceRecord> = {}): SourceRecord {
  return {
    name: 'files',
    kind: 'directory',
    location: './workflows.d',
    ref: '',
    suspended: false,
    lastAttemptedRevision: 'r1',
    lastAppliedRevision: 'r1',
    conditions: [],
    problems: [],
    inventory: [],
    requestedToken: '',
    handledToken: '',
    comparedToken: '',
    updatedAt: 1,
    ...change,
  };
}

export function workflowChange(change: Partial<WorkflowChange> = {}): WorkflowChange {
  return {
    namespace: 'default',
    name: 'flow',
    title: 'Flow',
    description: '',
    labels: {},
    annotations: {},
    graph: EMPTY_GRAPH,
    digest: 'd1',
    manifest: { kind: 'Workflow' },
    origin: { source: 'files', revision: 'r1', path: 'flow.yaml', commit: '', author: '' },
    ...change,
  };
}

export function revisionChange(change: Partial<RevisionChange> = {}): RevisionChange {
  return {
    source: sourceRecord(),
    workflows: [],
    runs: [],
    pruned: [],
    files: [],
    now: 1_000,
    ...change,
  };
}

/** One workflow in a namespace of its own. */
export async function registerWorkflow(ledger: Ledger): Promise<WorkflowRecord> {
  const ref = { namespace: `ns-${randomUUID()}`, name: 'flow' };
  await ledger.applyRevision(revisionChange({ workflows: [workflowChange(ref)] }));
  const [workflow] = await ledger.findWorkflows([ref]);
  return workflow!;
}

/** A run of a workflow, or of the same workflow as another run. */
export function newRun(of: WorkflowRecord | RunRecord, change: Partial<NewRun> = {}): NewRun {
  return {
    id: newRunId(Date.now()),
    namespace: of.namespace,
    workflow: 'workflow' in of ? of.workflow : of.name,
    versionId: of.versionId,
    input: null,
    labels: {},
    cause: { kind: 'test', name: '' },
    createdBy: '',
    createdAt: 1_700_000_000_000,
    idempotencyKey: null,
    parent: null,
    ...change,
  };
}

export function changeOf(
  run: Pick<RunRecord, 'id' | 'seq'>,
  change: Partial<RunChange> = {},
): RunChange {
  return {
    id: run.id,
    expectedSeq: run.seq,
    status: 'running',
    startedAt: null,
    finishedAt: null,
    wakeAt: null,
    output: null,
    error: null,
    facts: [],
    children: [],
    answered: [],
    asked: [],
    ...change,
  };
}

export function attemptFact(change: Partial<AttemptFact> = {}): AttemptFact {
  return {
    kind: 'attempt',
    at: 12,
    step: 0,
    item: -1,
    attempt: 1,
    outcome: { kind: 'completed', output: { ok: true } },
    branch: null,
    startedAt: 10,
    finishedAt: 11,
    runner: 'runner-1',
    ...change,
  };
}
