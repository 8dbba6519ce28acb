import { onTestFinished } from 'vitest';
import { reconcile, type LookOutcome, type WatchedSource } from '../../src/controller/reconcile.ts';
import type { SourceReader, WorkflowChange } from '../../src/controller/ports.ts';
import { ManifestReader } from '../../src/manifest/manifest-reader.ts';
import { sha256 } from '../../src/main/start-controller.ts';
import { nodeTypes } from '../../src/nodes/registry.ts';
import type { Condition, SourceRecord } from '../../src/record/source.ts';
import type { WorkflowRecord } from '../../src/record/workflow.ts';
import { openSource } from '../../src/source/open-source.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { freshDatabase } from '../services/postgres.ts';
import { workflowChange } from '../store/samples.ts';
import { scratch } from '../source/scratch.ts';
import { quiet } from './rig.ts';

/** A database of its own, a clock that the test moves, and sources looked at when the test says. */
export class ReconcileRig {
  readonly store: Store;
  now = 1_700_000_000_000;
  readonly nudged: string[] = [];

  private constructor(store: Store) {
    this.store = store;
  }

  static async start(): Promise<ReconcileRig> {
    const store = await openStore(await freshDatabase());
    onTestFinished(() => store.close());
    return new ReconcileRig(store);
  }

  /** A source as one process keeps it; `name` twice is two processes at the same source. */
  source(
    name: string,
    location: string,
    change: { allowEmpty?: boolean; reader?: Partial<SourceReader> } = {},
  ): WatchedSource {
    const environment = { PATH: process.env['PATH'] };
    const opened = openSource(location, { dataDirectory: scratch(), environment });
    const reader: SourceReader = {
      kind: opened.kind,
      location: opened.location,
      ref: opened.ref,
      resolve: (signal) => opened.resolve(signal),
      read: (revision, signal) => opened.read(revision, signal),
      watch: (onChange) => opened.watch(onChange),
      ...change.reader,
    };
    const entry = { name, reader, intervalMs: 60_000, allowEmpty: change.allowEmpty ?? false };
    return { entry, files: new ManifestReader({ nodeTypes, digest: sha256 }) };
  }

  /** One look, a second after the one before. */
  look(source: WatchedSource, signal = new AbortController().signal): Promise<LookOutcome> {
    this.now += 1000;
    const parts = {
      ledger: this.store.ledger,
      clock: { now: () => this.now, sleep: () => Promise.resolve() },
      log: quiet,
      loop: { wake: (ids: readonly string[]) => void this.nudged.push(...ids) },
    };
    return reconcile(parts, source, signal);
  }

  async status(name: string): Promise<SourceRecord> {
    const record = await this.store.ledger.loadSource(name);
    if (record === null) throw new Error(`no source ${name}`);
    return record;
  }

  async condition(name: string, type: Condition['type']): Promise<Condition | undefined> {
    return (await this.status(name)).conditions.find((each) => each.type === type);
  }

  async workflow(name: string): Promise<WorkflowRecord | undefined> {
    return (await this.store.ledger.findWorkflows([{ namespace: 'default', name }]))[0];
  }

  /** A write through the API. */
  async overwrite(name: string, change: Partial<WorkflowChange>): Promise<void> {
    const origin = { source: '', revision: '', path: '', commit: '', author: 'ada' };
    const written = workflowChange({ name, origin, ...change });
    await this.store.library.putWorkflow({
      change: written,
      files: [],
      now: this.now,
      mustCreate: false,
    });
  }

  /** What happened to a source, oldest first. */
  async events(name: string) {
    const events = await this.store.library.listEvents({ kind: 'Source', name, limit: 100 });
    return events.toReversed();
  }

  async runs() {
    const ids = await this.store.ledger.unfinishedRuns('00000000-0000-0000-0000-000000000000', 100);
    return (await this.store.ledger.loadRuns(ids)).map(({ run }) => run);
  }
}

export function workflow(
  name: string,
  output = 'one',
  extra: { title?: string; annotations?: string } = {},
): string {
  const annotations = extra.annotations === undefined ? '' : `, annotations: ${extra.annotations}`;
  return [
    'apiVersion: behest.dev/v1',
    'kind: Workflow',
    `metadata: { name: ${name}${annotations} }`,
    'spec:',
    ...(extra.title === undefined ? [] : [`  title: ${extra.title}`]),
    '  steps:',
    `    - { id: say, type: transform, config: { output: ${output} } }`,
    '',
  ].join('\n');
}

export function run(name: string, of: string, onDelete = 'keep'): string {
  return [
    'apiVersion: behest.dev/v1',
    'kind: Run',
    `metadata: { name: ${name} }`,
    `spec: { workflow: ${of}, onDelete: ${onDelete} }`,
    '',
  ].join('\n');
}
