import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import { didYouMean } from '../../expr/suggest.ts';
import type { Problem } from '../../graph/problem.ts';
import { closedObject, listOf } from '../schema/schema-text.ts';
import { retrySchema, stepSchema } from '../schema/step-schema.ts';
import {
  type Converted,
  type Dialect,
  type DialectContext,
  given,
  problem,
  workflowManifest,
} from './dialect.ts';
import { type Edge, resolveBranches } from './graph-branches.ts';
import { slug } from './names.ts';
import { Origins } from './origins.ts';

const text: JsonObject = { type: 'string' };
const anything: JsonObject = {};

/** What a node may say besides `id`, `type` and `config`: the same as a step, but for its edges. */
const {
  needs: _needs,
  retry: _retry,
  ...stepFields
} = stepSchema['properties'] as {
  readonly [field: string]: JsonObject;
};

const nodeSchema = closedObject(
  'One step.',
  {
    ...stepFields,
    retry: retrySchema,
    label: { ...text, description: 'Name for people.' },
    description: text,
    position: { ...anything, description: 'Place in an editor; not used.' },
    ui: { ...anything, description: 'Of an editor; not used.' },
  },
  { required: ['id', 'type'] },
);

const edgeSchema = closedObject(
  'From a node to one that needs it.',
  {
    source: { ...text, minLength: 1, description: 'Id of the node that comes first.' },
    target: { ...text, minLength: 1, description: 'Id of the node that needs it.' },
    id: { ...text, description: 'Id of the edge; a branch may name it.' },
    label: { ...text, description: 'Label of the edge; a branch may name it.' },
    sourceHandle: { type: ['string', 'null'], description: 'The branch that the edge belongs to.' },
    targetHandle: { type: ['string', 'null'], description: 'Of an editor; not used.' },
    condition: {
      type: ['string', 'boolean'],
      description: 'The branch that the edge belongs to; or a condition for its target.',
    },
    type: { ...text, description: 'Of an editor; not used.' },
    animated: { type: 'boolean', description: 'Of an editor; not used.' },
  },
  { required: ['source', 'target'] },
);

const schema = closedObject(
  'A graph of nodes and edges.',
  {
    id: { ...text, description: 'Id of the workflow; by default made of its name.' },
    name: { ...text, minLength: 1, description: 'Title of the workflow; its id is made of it.' },
    description: { ...text, description: 'What the workflow is for.' },
    icon: { ...text, description: 'Shown beside the title.' },
    labels: { type: 'object', additionalProperties: text, description: 'Labels to select by.' },
    input: { type: 'object', description: 'JSON Schema of the input.' },
    output: { description: 'Output of the run: any value with templates.' },
    timeout: stepFields['timeout'] ?? text,
    nodes: listOf('The steps.', nodeSchema, { minItems: 1 }),
    edges: listOf('What comes after what.', edgeSchema, { default: [] }),
  },
  { required: ['nodes'] },
);

/** Nodes and edges, with the branches of a conditional named by `true_edge` and `false_edge`. */
export const graph: Dialect = {
  name: 'graph',
  shape: '{name, nodes: [{id, type, config}], edges: [{source, target}]}',
  matches: (document) => Array.isArray(document['nodes']),
  schema,
  convert: (document, context) => [convert(document, context)],
};

interface Node extends JsonObject {
  readonly id: string;
  readonly type: string;
}

function convert(document: JsonObject, context: DialectContext): Converted {
  const nodes = document['nodes'] as readonly Node[];
  const edges = ((document['edges'] ?? []) as unknown as readonly Edge[]).map((edge, index) => ({
    edge,
    index,
  }));
  const ids = new Set(nodes.map(({ id }) => id));
  const problems: Problem[] = edges.flatMap(({ edge, index }) => unknownEnds(edge, index, ids));
  const known = edges.filter(({ edge }) => ids.has(edge.source) && ids.has(edge.target));
  const origins = new Origins()
    .set(['metadata', 'name'], ['name'])
    .set(['spec', 'title'], ['name']);
  const steps = nodes.map((node, position) => {
    const own = known.filter(({ edge }) => edge.source === node.id);
    const branches = resolveBranches(node, { position, edges: own, ids });
    problems.push(...branches.problems);
    return { node, config: branches.config, used: branches.used };
  });
  const used = new Set(steps.flatMap((step) => step.used));
  const plain = known.filter(({ index }) => !used.has(index));
  const list = steps.map(({ node, config }, position) => {
    origins.set(['spec', 'steps', position], ['nodes', position]);
    const incoming = plain.filter(({ edge }) => edge.target === node.id);
    const [first] = incoming;
    if (first !== undefined) {
      origins.set(['spec', 'steps', position, 'needs'], ['edges', first.index, 'target']);
    }
    incoming.forEach(({ index }, at) =>
      origins.set(['spec', 'steps', position, 'needs', at], ['edges', index, 'source']),
    );
    return stepOf(node, { config, incoming, position, origins, problems });
  });
  for (const field of ['input', 'output', 'description', 'timeout'])
    origins.set(['spec', field], [field]);
  origins.set(['metadata', 'labels'], ['labels']);
  return { manifest: manifestOf(document, list, context), origins, problems };
}

function manifestOf(
  document: JsonObject,
  steps: readonly JsonObject[],
  context: DialectContext,
): JsonObject {
  const { id, name, description, icon, input, output, timeout, labels } = document;
  const title = typeof name === 'string' ? name : undefined;
  const named = typeof id === 'string' && id !== '' ? id : (title ?? context.fallbackName);
  return workflowManifest({
    name: slug(named),
    annotations: typeof icon === 'string' ? { 'behest.dev/icon': icon } : {},
    ...(labels === undefined ? {} : { labels }),
    spec: { title, description, input, timeout, steps, output },
  });
}

function unknownEnds(edge: Edge, index: number, ids: ReadonlySet<string>): readonly Problem[] {
  return (['source', 'target'] as const)
    .filter((end) => !ids.has(edge[end]))
    .map((end) =>
      problem(['edges', index, end], {
        code: 'unknown-node',
        message: `The edge's ${end} "${edge[end]}" is no node.`,
        hint: didYouMean(edge[end], ids) ?? `The nodes are ${[...ids].slice(0, 20).join(', ')}.`,
      }),
    );
}

interface StepParts {
  readonly config: Json | undefined;
  readonly incoming: readonly { readonly edge: Edge; readonly index: number }[];
  readonly position: number;
  readonly origins: Origins;
  readonly problems: Problem[];
}

function stepOf(
  node: Node,
  { config, incoming, position, origins, problems }: StepParts,
): JsonObject {
  const {
    label,
    description: _description,
    position: _place,
    ui: _ui,
    config: _config,
    ...fields
  } = node;
  const conditions = incoming.filter(({ edge }) => typeof edge.condition === 'string');
  const [guard] = conditions;
  let when = fields['when'];
  if (guard !== undefined) {
    if (incoming.length > 1 || when !== undefined) problems.push(joinedCondition(guard.index));
    else {
      when = guard.edge.condition ?? undefined;
      origins.set(['spec', 'steps', position, 'when'], ['edges', guard.index, 'condition']);
    }
  }
  return given({
    ...fields,
    name: fields['name'] ?? label,
    config: isJsonObject(config) ? config : undefined,
    needs: incoming.map(({ edge }) => edge.source),
    when,
  });
}

function joinedCondition(index: number): Problem {
  return problem(['edges', index, 'condition'], {
    code: 'condition-on-join',
    message: 'This condition belongs to one of several edges into its target.',
    hint: 'Put a conditional node in front of the target, or a "when" on it.',
  });
}
