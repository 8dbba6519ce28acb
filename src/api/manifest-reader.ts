import { createHash } from 'node:crypto';
import type { WorkflowChange } from '../controller/ports.ts';
import { isJsonObject, type JsonObject } from '../expr/json.ts';
import { readManifests, type KnownNodeType, type WorkflowResource } from '../manifest/read.ts';
import type { ReadRequest, Reader } from './ports.ts';

/** Reads documents that came over the API as the same reader takes them from a source. */
export function createManifestReader(nodeTypes: ReadonlyMap<string, KnownNodeType>): Reader {
  return {
    read(request) {
      const files = new Map([[request.file, Buffer.from(request.text)]]);
      const { resources, problems } = readManifests(files, {
        nodeTypes,
        defaultNamespace: request.namespace,
        digest: sha256,
      });
      const workflows = resources.flatMap((each) =>
        each.kind === 'Workflow' ? [toChange(each, request)] : [],
      );
      const runs = resources.flatMap((each) => (each.kind === 'Run' ? [each] : []));
      return { workflows, runs, problems };
    },
  };
}

function toChange(resource: WorkflowResource, request: ReadRequest): WorkflowChange {
  const { namespace, title, description, labels, annotations, graph, digest } = resource;
  const name = request.name ?? resource.name;
  const manifest = rename(resource.manifest, name);
  const origin = { source: '', revision: '', path: '', commit: '', author: request.author };
  const described = { namespace, name, title, description, labels, annotations };
  return { ...described, graph, digest, manifest, origin };
}

function rename(manifest: JsonObject, name: string): JsonObject {
  const { metadata } = manifest;
  return { ...manifest, metadata: { ...(isJsonObject(metadata) ? metadata : {}), name } };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
