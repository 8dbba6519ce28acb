import { create } from '@bufbuild/protobuf';
import {
  AppliedObject_Action as Action,
  AppliedObjectSchema,
  ApplyManifestResponseSchema,
  type AppliedObject,
  type ApplyManifestRequest,
  type ApplyManifestResponse,
} from '../../gen/behest/v1/workflow_service_pb.ts';
import type { RunManifest, WorkflowChange } from '../../controller/ports.ts';
import type { ApiContext } from '../api-context.ts';
import type { Principal } from '../auth/principal.ts';
import { checkInput } from '../check-input.ts';
import { toProblem } from '../convert/error.ts';
import { findWorkflow } from './find-workflow.ts';
import { readAll } from './read-document.ts';
import { ownerWarnings, writeWorkflow } from './write-workflow.ts';

const actions = {
  created: Action.CREATED,
  configured: Action.CONFIGURED,
  unchanged: Action.UNCHANGED,
  exists: Action.UNCHANGED,
} as const;

/** Applies every document of a file, workflows before the runs that need them. */
export async function applyManifest(
  api: ApiContext,
  request: ApplyManifestRequest,
  { name: author }: Principal,
): Promise<ApplyManifestResponse> {
  const file = request.file === '' ? 'manifest.yaml' : request.file;
  const { text, namespace, validateOnly } = request;
  const files = new Map(Object.entries(request.files));
  const { workflows, runs, problems } = readAll(api, { text, file, namespace, author, files });
  for (const { namespace: space, workflow } of runs) {
    const isHere = workflows.some((each) => each.namespace === space && each.name === workflow);
    if (!isHere) await findWorkflow(api.library, { namespace: space, workflowId: workflow });
  }
  const answer = create(ApplyManifestResponseSchema, { problems: problems.map(toProblem) });
  for (const change of workflows) {
    const applied = validateOnly ? await compare(api, change) : await put(api, change, files);
    answer.objects.push(applied.object);
    answer.warnings.push(...applied.warnings);
  }
  for (const run of validateOnly ? [] : runs) answer.objects.push(await start(api, run, author));
  return answer;
}

interface Applied {
  readonly object: AppliedObject;
  readonly warnings: readonly string[];
}

async function put(
  api: ApiContext,
  change: WorkflowChange,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Applied> {
  const { outcome, workflow } = await writeWorkflow(api, change, {
    mustCreate: false,
    files: Object.entries(change.graph.files).map(([path, digest]) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw new Error(`the graph names ${path}, which was not sent`);
      return { digest, bytes };
    }),
  });
  const { namespace, name, versionNumber: version } = workflow;
  const action = actions[outcome];
  const object = create(AppliedObjectSchema, {
    kind: 'Workflow',
    namespace,
    name,
    action,
    version,
  });
  return { object, warnings: outcome === 'unchanged' ? [] : ownerWarnings(workflow) };
}

/** What `put` would do. */
async function compare({ library }: ApiContext, change: WorkflowChange): Promise<Applied> {
  const { namespace, name, digest } = change;
  const found = await library.getWorkflow(namespace, name);
  const existing = found?.deletedAt === null ? found : null;
  const changed = existing?.digest === digest ? Action.UNCHANGED : Action.CONFIGURED;
  const object = create(AppliedObjectSchema, {
    kind: 'Workflow',
    namespace,
    name,
    action: existing === null ? Action.CREATED : changed,
    version: existing?.versionNumber ?? 0,
  });
  return { object, warnings: existing === null ? [] : ownerWarnings(existing) };
}

async function start(api: ApiContext, manifest: RunManifest, by: string): Promise<AppliedObject> {
  const { namespace, name, workflow: workflowId } = manifest;
  const workflow = await findWorkflow(api.library, { namespace, workflowId });
  const input = checkInput(await api.versions.one(workflow.versionId), manifest.input);
  const now = api.now();
  const { run, created } = await api.library.createManifestRun(manifest, {
    id: api.newRunId(now),
    namespace,
    workflow: workflow.name,
    versionId: workflow.versionId,
    input,
    labels: manifest.labels,
    cause: { kind: 'manifest', name },
    createdBy: by,
    createdAt: now,
    idempotencyKey: null,
    parent: null,
  });
  if (created) api.signals.nudge([run.id], [run]);
  return create(AppliedObjectSchema, {
    kind: 'Run',
    namespace,
    name,
    action: created ? Action.CREATED : Action.UNCHANGED,
    runId: run.id,
  });
}
