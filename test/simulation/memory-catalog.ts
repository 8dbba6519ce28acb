import { namedUuid } from '../../src/engine/hash.ts';
import type {
  AppliedRevision,
  RevisionChange,
  RunManifest,
  WorkflowChange,
} from '../../src/controller/ports.ts';
import type { NewRun, RunRequest } from '../../src/record/run.ts';
import type { InventoryEntry, SourceRecord } from '../../src/record/source.ts';
import type { VersionRecord, WorkflowRecord } from '../../src/record/workflow.ts';
import { OwnershipConflict } from '../../src/store/ownership-conflict.ts';
import {
  foreignObject,
  objectName,
  planWorkflow,
  type StoredWorkflow,
  type WorkflowPlan,
} from '../../src/store/plan-revision.ts';
import { manifestKey } from '../../src/store/save-run-manifests.ts';
import { triggeredRun } from '../../src/store/triggered-run.ts';
import { UnknownWorkflow } from '../../src/store/unknown-workflow.ts';

/** What the catalog needs of the runs beside it. */
export interface RunShelf {
  /** Idempotent by id and key; the id of the run that is there now. */
  put(run: NewRun): string;
  isUnfinished(runId: string): boolean;
  ask(request: RunRequest): void;
}

interface StoredManifest {
  readonly manifest: RunManifest;
  readonly runId: string;
  source: string;
  deletedAt: number | null;
}

/** Workflows, versions, Run manifests and sources, with the meaning that the SQL of the store has. */
export class MemoryCatalog {
  readonly #versions = new Map<string, VersionRecord>();
  /** Deleted ones too. */
  readonly #workflows = new Map<string, WorkflowRecord>();
  readonly #manifests = new Map<string, StoredManifest>();
  readonly #sources = new Map<string, SourceRecord>();
  readonly #runs: RunShelf;

  constructor(runs: RunShelf) {
    this.#runs = runs;
  }

  version(id: string): VersionRecord | undefined {
    return this.#versions.get(id);
  }

  get workflows(): WorkflowRecord[] {
    return [...this.#workflows.values()].filter(({ deletedAt }) => deletedAt === null);
  }

  find(ref: { namespace: string; name: string }): WorkflowRecord[] {
    const found = this.#workflows.get(keyOf(ref));
    return found === undefined || found.deletedAt !== null ? [] : [found];
  }

  source(name: string): SourceRecord | null {
    return this.#sources.get(name) ?? null;
  }

  /** What the API changes stays, as in the store. */
  saveSource(source: SourceRecord): void {
    const { requestedToken, suspended } = this.#sources.get(source.name) ?? source;
    this.#sources.set(source.name, { ...source, requestedToken, suspended });
  }

  apply(change: RevisionChange): AppliedRevision {
    const { source, now } = change;
    const plans = change.workflows.map((each) => this.#plan(each, source.name));
    this.#check(change);
    for (const plan of plans) this.#write(plan, change);
    const cause = { createdBy: `source/${source.name}`, now };
    const triggered = plans.flatMap((plan) => triggeredRun(plan, cause));
    const started = triggered.map((run) => this.#put(run));
    const runs = change.runs.map((each) => this.#declare(each, change));
    const gone = change.pruned.flatMap((entry) => this.#prune(entry, change));
    this.saveSource(source);
    const named = (outcome: WorkflowPlan['outcome']) => [
      ...plans
        .filter((plan) => plan.outcome === outcome)
        .map((plan) => objectName('workflow', plan.change)),
      ...runs.filter((run) => run.outcome === outcome).map(({ name }) => name),
    ];
    return {
      created: named('created'),
      configured: named('configured'),
      unchanged: named('unchanged'),
      pruned: gone.map(({ name }) => name),
      runIds: [...started, ...[...runs, ...gone].flatMap(({ runIds }) => runIds)],
    };
  }

  /** Refuses before anything is written: all or nothing. */
  #check({ workflows, runs, source }: RevisionChange): void {
    const foreign = workflows.flatMap((each) => {
      const stored = this.#workflows.get(keyOf(each));
      return stored === undefined ? [] : (foreignObject(rowOf(stored), source.name) ?? []);
    });
    const foreignRuns = runs.flatMap((each) => {
      const owner = this.#declared(each)?.source ?? '';
      return owner === '' || owner === source.name
        ? []
        : [{ object: objectName('run', each), owner }];
    });
    if (foreign.length > 0) throw new OwnershipConflict(source.name, foreign);
    if (foreignRuns.length > 0) throw new OwnershipConflict(source.name, foreignRuns);
    const declared = new Set(workflows.map(keyOf));
    for (const run of runs) {
      const { namespace, workflow } = run;
      const isKnown = declared.has(keyOf({ namespace, name: workflow }));
      if (isKnown || this.#manifests.has(manifestOf(run))) continue;
      if (this.find({ namespace, name: workflow }).length > 0) continue;
      throw new UnknownWorkflow({ namespace, workflow, by: objectName('run', run) });
    }
  }

  #plan(change: WorkflowChange, owner: string): WorkflowPlan {
    const stored = this.#workflows.get(keyOf(change));
    const plan = planWorkflow(
      stored === undefined ? emptyRow(change) : rowOf(stored),
      change,
      owner,
    );
    if (!plan.isNewVersion) return plan;
    return { ...plan, versionId: namedUuid(`${keyOf(change)}@${plan.versionNumber}`) };
  }

  #write({ change, versionId, versionNumber, ...plan }: WorkflowPlan, by: RevisionChange): void {
    const { namespace, name, title, description, labels, annotations, digest } = change;
    const { graph, manifest, origin } = change;
    const { id } = plan.stored;
    const shared = { namespace, digest, createdAt: by.now };
    const version = { id: versionId, workflowId: id, workflow: name, number: versionNumber };
    if (plan.isNewVersion) {
      this.#versions.set(versionId, { ...shared, ...version, graph, manifest, origin });
    }
    if (plan.outcome === 'unchanged') return;
    this.#workflows.set(keyOf(change), {
      ...shared,
      id,
      name,
      title,
      description,
      labels,
      annotations,
      versionId,
      versionNumber,
      owner: by.source.name,
      suspended: false,
      updatedAt: by.now,
      deletedAt: null,
    });
  }

  #put(run: NewRun): string {
    return this.#runs.put({ ...run, id: namedUuid(`${run.namespace}/${run.idempotencyKey}`) });
  }

  #declared(run: RunManifest): StoredManifest | undefined {
    const isIt = ({ manifest, deletedAt }: StoredManifest) =>
      keyOf(manifest) === keyOf(run) && deletedAt === null;
    return [...this.#manifests.values()].find(isIt);
  }

  #declare(manifest: RunManifest, { source, now }: RevisionChange) {
    const name = objectName('run', manifest);
    const known = this.#manifests.get(manifestOf(manifest));
    const before = this.#declared(manifest);
    if (before !== undefined && before !== known) before.deletedAt = now;
    if (known !== undefined) {
      Object.assign(known, { deletedAt: null, source: source.name });
      return { name, outcome: 'unchanged', runIds: [] };
    }
    const { namespace, workflow, input, labels } = manifest;
    const [{ versionId } = { versionId: '' }] = this.find({ namespace, name: workflow });
    const runId = this.#put({
      id: '',
      namespace,
      workflow,
      versionId,
      input,
      labels,
      parent: null,
      createdAt: now,
      cause: { kind: 'manifest', name: manifest.name },
      createdBy: `source/${source.name}`,
      idempotencyKey: manifestKey(manifest),
    });
    const stored = { manifest, runId, source: source.name, deletedAt: null };
    this.#manifests.set(manifestOf(manifest), stored);
    return { name, outcome: before === undefined ? 'created' : 'configured', runIds: [runId] };
  }

  #prune(entry: InventoryEntry, by: RevisionChange): { name: string; runIds: string[] }[] {
    return entry.kind === 'Run' ? this.#pruneRun(entry, by) : this.#pruneWorkflow(entry, by);
  }

  #pruneWorkflow(entry: InventoryEntry, { source, now }: RevisionChange) {
    const stored = this.#workflows.get(keyOf(entry));
    const isOwn = stored?.deletedAt === null && stored.owner === source.name;
    if (stored === undefined || !isOwn) return [];
    this.#workflows.set(keyOf(entry), { ...stored, deletedAt: now, updatedAt: now });
    return [{ name: objectName('workflow', entry), runIds: [] }];
  }

  #pruneRun(entry: InventoryEntry, { source, now }: RevisionChange) {
    const stored = [...this.#manifests.values()].find(({ manifest, deletedAt, source: owner }) => {
      return keyOf(manifest) === keyOf(entry) && deletedAt === null && owner === source.name;
    });
    if (stored === undefined) return [];
    stored.deletedAt = now;
    const { runId, manifest } = stored;
    const isCancelled = manifest.onDelete === 'cancel' && this.#runs.isUnfinished(runId);
    const reason = 'its Run manifest was deleted';
    if (isCancelled) {
      this.#runs.ask({
        id: `prune:${runId}:${now}`,
        runId,
        createdAt: now,
        by: `source/${source.name}`,
        body: { kind: 'cancel', reason },
      });
    }
    return [{ name: objectName('run', entry), runIds: isCancelled ? [runId] : [] }];
  }
}

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

function manifestOf(run: RunManifest): string {
  return `${keyOf(run)}@${run.digest}`;
}

function rowOf(stored: WorkflowRecord): StoredWorkflow {
  const { versionId, versionNumber, deletedAt, ...rest } = stored;
  return { ...rest, version_id: versionId, version_number: versionNumber, deleted_at: deletedAt };
}

function emptyRow(change: WorkflowChange): StoredWorkflow {
  const { namespace, name } = change;
  return {
    id: namedUuid(keyOf(change)),
    namespace,
    name,
    title: '',
    description: '',
    labels: {},
    annotations: {},
    owner: '',
    digest: '',
    version_id: null,
    version_number: 0,
    deleted_at: null,
  };
}
