import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { closest, distance } from 'fastest-levenshtein';
import { NodeTypeSchema, type NodeType } from '../../gen/behest/v1/node_pb.ts';
import type { NodeService } from '../../gen/behest/v1/node_service_pb.ts';
import { principalOf, type ApiContext } from '../api-context.ts';
import { toStruct } from '../convert/dynamic.ts';
import { notFound } from '../fault.ts';
import type { NodeDescription } from '../ports.ts';
import { testNode } from './test-node.ts';

export function createNodeService(api: ApiContext): ServiceImpl<typeof NodeService> {
  const { nodeTypes } = api;
  return {
    listNodeTypes() {
      const sorted = [...nodeTypes.values()].toSorted((a, b) => (a.type < b.type ? -1 : 1));
      return { nodes: sorted.map(toNodeType) };
    },
    getNodeType({ nodeType }) {
      return toNodeType(findNodeType(nodeTypes, nodeType));
    },
    testNodeType(request, context) {
      findNodeType(nodeTypes, request.nodeType);
      return testNode(api, request, { principal: principalOf(context), signal: context.signal });
    },
  };
}

function findNodeType(
  nodeTypes: ReadonlyMap<string, NodeDescription>,
  type: string,
): NodeDescription {
  const found = nodeTypes.get(type);
  if (found !== undefined) return found;
  const names = [...nodeTypes.keys()];
  const near = names.length === 0 ? '' : closest(type, names);
  const remedy =
    near !== '' && distance(type, near) <= 2
      ? `Did you mean "${near}"?`
      : 'GET /api/v1/nodes lists those that do.';
  throw notFound(`Node type ${JSON.stringify(type)}`, remedy);
}

function toNodeType(node: NodeDescription): NodeType {
  const message = create(NodeTypeSchema, {
    type: node.type,
    name: node.title,
    description: node.description,
    schema: toStruct(node.configSchema),
    runsIn: node.runsIn,
    timeout: durationFromMs(node.timeoutMs),
  });
  if (node.outputSchema !== undefined) message.outputSchema = toStruct(node.outputSchema);
  return message;
}
