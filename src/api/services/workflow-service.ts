import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { WorkflowService } from '../../gen/behest/v1/workflow_service_pb.ts';
import type { Workflow } from '../../gen/behest/v1/workflow_pb.ts';
import type { WorkflowChange } from '../../controller/ports.ts';
import { sizeOf } from '../answer-size.ts';
import { principalOf, type ApiContext } from '../api-context.ts';
import { toStruct } from '../convert/dynamic.ts';
import { toFullWorkflow, toVersion } from '../convert/workflow.ts';
import { notFound } from '../fault.ts';
import { pageOf } from '../page.ts';
import { formatPageToken, parsePageToken } from '../page-token.ts';
import type { VersionSummary } from '../ports.ts';
import { applyManifest } from './apply-manifest.ts';
import { findWorkflow } from './find-workflow.ts';
import { listWorkflows } from './list-workflows.ts';
import { readWorkflow } from './read-document.ts';
import { describeWorkflow, ownerWarnings, writeWorkflow } from './write-workflow.ts';

const VERSIONS_PER_PAGE = 100;

export function createWorkflowService(api: ApiContext): ServiceImpl<typeof WorkflowService> {
  const { library } = api;
  const write = async (change: WorkflowChange, mustCreate: boolean): Promise<Workflow> => {
    const { workflow } = await writeWorkflow(api, change, { mustCreate });
    const answer = await describeWorkflow(api, workflow);
    answer.warnings = ownerWarnings(workflow);
    return answer;
  };
  return {
    listWorkflows: (request) => listWorkflows(api, request),
    getWorkflow: async (request) => describeWorkflow(api, await findWorkflow(library, request)),
    async createWorkflow(request, context) {
      const change = readWorkflow(api, { ...request, author: principalOf(context).name });
      return request.validateOnly ? preview(change, api.now()) : write(change, true);
    },
    async updateWorkflow(request, context: HandlerContext) {
      if (!request.allowMissing) await findWorkflow(library, request);
      const author = principalOf(context).name;
      const change = readWorkflow(api, { ...request, author, name: request.workflowId });
      return request.validateOnly ? preview(change, api.now()) : write(change, false);
    },
    async deleteWorkflow(request) {
      const workflow = await findWorkflow(library, request);
      await library.deleteWorkflow(workflow.namespace, workflow.name, api.now());
      return { success: true, id: workflow.name, warnings: ownerWarnings(workflow) };
    },
    async listVersions({ pageSize, pageToken, ...request }) {
      const limit = pageSize === 0 ? VERSIONS_PER_PAGE : pageSize;
      const [before = Number.MAX_SAFE_INTEGER] = parsePageToken(pageToken, ['number']) ?? [];
      const workflow = await findWorkflow(library, request);
      const query = { before: Number(before), limit: limit + 1 };
      const versions = await library.listVersions(workflow.id, query);
      const { items, last } = pageOf(versions, limit, sizeOfVersion);
      return {
        versions: items.map(toVersion),
        nextPageToken: last === undefined ? '' : formatPageToken([last.number]),
      };
    },
    async getVersion({ number, ...request }) {
      const workflow = await findWorkflow(library, request);
      const version = await library.getVersion(workflow.id, number);
      if (version === null) {
        const newest = `The newest is ${workflow.versionNumber}.`;
        throw notFound(`Version ${number} of workflow "${workflow.name}"`, newest);
      }
      return { ...toVersion(version), manifest: toStruct(version.manifest) };
    },
    applyManifest: (request, context) => applyManifest(api, request, principalOf(context)),
  };
}

/** Ids, names, digest and times. */
const VERSION_BYTES = 600;

function sizeOfVersion({ origin }: VersionSummary): number {
  return VERSION_BYTES + sizeOf({ ...origin });
}

/** What a write would store: compiled and checked, with no version of its own. */
function preview(change: WorkflowChange, now: number): Workflow {
  const { namespace, name, graph, manifest, origin, digest } = change;
  const record = {
    ...change,
    id: '',
    owner: '',
    suspended: false,
    versionId: '',
    versionNumber: 0,
  };
  const times = { createdAt: now, updatedAt: now, deletedAt: null };
  const version = { id: '', workflowId: '', workflow: name, number: 0, createdAt: now };
  return toFullWorkflow(
    { ...record, ...times },
    { ...version, namespace, graph, manifest, origin, digest },
  );
}
