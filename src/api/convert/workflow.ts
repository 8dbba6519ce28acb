import { create } from '@bufbuild/protobuf';
import {
  WorkflowSchema,
  WorkflowVersionSchema,
  type Workflow,
  type WorkflowPhase,
  type WorkflowStep,
  type WorkflowVersion,
  WorkflowPhaseSchema,
  WorkflowStepSchema,
} from '../../gen/behest/v1/workflow_pb.ts';
import type { Graph } from '../../graph/graph.ts';
import type { VersionRecord, WorkflowRecord } from '../../record/workflow.ts';
import { MAX_DATA_BYTES, sizeOf } from '../answer-size.ts';
import type { VersionSummary } from '../ports.ts';
import { toStruct, toTimestamp } from './dynamic.ts';

/** A workflow as lists show it: without its manifest and input schema. */
export function toWorkflow(record: WorkflowRecord, version: VersionRecord): Workflow {
  return create(WorkflowSchema, {
    id: record.name,
    namespace: record.namespace,
    name: record.title === '' ? record.name : record.title,
    description: record.description,
    icon: record.annotations['behest.dev/icon'] ?? '',
    steps: toSteps(version.graph),
    phases: toPhases(version.graph),
    version: record.versionNumber,
    digest: record.digest,
    labels: { ...record.labels },
    annotations: { ...record.annotations },
    owner: record.owner,
    suspended: record.suspended,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
    origin: { ...version.origin },
  });
}

/** The same with all that the version holds, for the answers about one workflow. */
export function toFullWorkflow(record: WorkflowRecord, version: VersionRecord): Workflow {
  const workflow = toWorkflow(record, version);
  workflow.manifest = toStruct(version.manifest);
  const { input } = version.graph;
  if (input === null) return workflow;
  if (sizeOf(version.manifest) + sizeOf(input) > MAX_DATA_BYTES) workflow.inputSchemaOmitted = true;
  else workflow.inputSchema = toStruct(input);
  return workflow;
}

export function toVersion(record: VersionSummary): WorkflowVersion {
  return create(WorkflowVersionSchema, {
    workflowId: record.workflow,
    namespace: record.namespace,
    number: record.number,
    digest: record.digest,
    createdAt: toTimestamp(record.createdAt),
    origin: { ...record.origin },
  });
}

function toSteps(graph: Graph): WorkflowStep[] {
  return graph.steps.map((step, index) =>
    create(WorkflowStepSchema, {
      index,
      id: step.id,
      name: step.name,
      type: step.type,
      phase: step.phase === null ? '' : (graph.phases[step.phase]?.name ?? ''),
      section: step.section,
      needs: step.needs.map(({ from, branch }) => ({
        stepId: graph.steps[from]?.id ?? '',
        branch: branch ?? '',
      })),
    }),
  );
}

function toPhases(graph: Graph): WorkflowPhase[] {
  return graph.phases.map(({ name, title, needs }) =>
    create(WorkflowPhaseSchema, {
      name,
      title,
      needs: needs.map((index) => graph.phases[index]?.name ?? ''),
    }),
  );
}
