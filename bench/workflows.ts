import { randomUUID } from 'node:crypto';
import { build } from '../src/graph/build.ts';
import type { StepSpec, WorkflowSpec } from '../src/graph/spec.ts';
import { nodeTypes } from '../src/nodes/registry.ts';
import type { Store } from '../src/store/open-store.ts';

/** Sequential no-op steps, each reading the output of the one before. */
export function chainSpec(steps: number, verify = false): WorkflowSpec {
  const list = Array.from({ length: steps }, (_, index): StepSpec => {
    const n = index === 0 ? 0 : `{{ s${index - 1}.output.n }}`;
    const config = verify ? { n, verify } : { n };
    const needs = index === 0 ? {} : { needs: [`s${index - 1}`] };
    return { id: `s${index}`, type: 'noop', config, ...needs };
  });
  return { steps: list };
}

/** A chain that begins at the time `input.at`, so that all is in place before the first step. */
export function gatedSpec(steps: number): WorkflowSpec {
  const gate: StepSpec = { id: 'gate', type: 'wait', config: { until: '{{ input.at }}' } };
  const [first, ...rest] = chainSpec(steps).steps ?? [];
  return {
    steps: [gate, ...(first === undefined ? [] : [{ ...first, needs: ['gate'] }]), ...rest],
  };
}

/** One no-op task for each item of the input. */
export function fanSpec(): WorkflowSpec {
  const step = { id: 's0', type: 'noop', forEach: '{{ input.items }}', maxParallel: 1_000_000 };
  return { steps: [{ ...step, config: { n: '{{ item }}' } }] };
}

/** Registers a workflow and returns the id of its version. */
export async function register(
  { library }: Store,
  name: string,
  spec: WorkflowSpec,
): Promise<string> {
  const traits = new Map(
    [...nodeTypes].map(([type, { runsIn, timeoutMs, fileKeys = [], verbatimKeys = [] }]) => [
      type,
      { runsIn, timeoutMs, fileKeys, verbatimKeys },
    ]),
  );
  const { graph, problems } = build(spec, { nodeTypes: traits, files: {} });
  if (graph === null) throw new Error(JSON.stringify(problems));
  const origin = { source: '', revision: '', path: '', commit: '', author: '' };
  const texts = { namespace: 'default', name, title: '', description: '', digest: randomUUID() };
  const change = { ...texts, labels: {}, annotations: {}, graph, manifest: {}, origin };
  const written = await library.putWorkflow({
    change,
    files: [],
    mustCreate: false,
    now: Date.now(),
  });
  return written.workflow.versionId;
}
