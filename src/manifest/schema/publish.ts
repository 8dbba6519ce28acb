import type { Json, JsonObject } from '../../expr/json.ts';
import { isJsonObject } from '../../expr/json.ts';
import { runSchema } from './run-schema.ts';
import { retrySchema, stepSchema } from './step-schema.ts';
import { workflowDefs, workflowSchema } from './workflow-schema.ts';

/** What the schemas need of a node type. */
export interface ConfigOwner {
  readonly title: string;
  readonly description: string;
  readonly configSchema: JsonObject;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The published schemas by file name: one for each kind, and one for a document of any kind. */
export function publishSchemas(
  nodeTypes: ReadonlyMap<string, ConfigOwner>,
): ReadonlyMap<string, JsonObject> {
  const workflow = { ...workflowSchema, $defs: { ...workflowDefs, ...stepDefs(nodeTypes) } };
  const any: JsonObject = {
    description: 'A manifest of behest.dev/v1.',
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    allOf: [ifKind('Workflow', './workflow.json'), ifKind('Run', './run.json')],
    properties: {
      apiVersion: { description: 'Version of the format.', const: 'behest.dev/v1' },
      kind: { description: 'Kind of the object.', enum: ['Workflow', 'Run'] },
    },
  };
  return new Map([
    ['behest.dev-v1.json', titled('Manifest', any)],
    ['workflow.json', titled('Workflow', workflow)],
    ['run.json', titled('Run', runSchema)],
  ]);
}

function titled(title: string, schema: JsonObject): JsonObject {
  return { $schema: DIALECT, title, ...schema };
}

function ifKind(kind: string, file: string): JsonObject {
  return {
    if: { required: ['kind'], properties: { kind: { const: kind } } },
    then: { $ref: file },
  };
}

/** `step`, whose config obeys the schema of its type, and `retry`. */
function stepDefs(nodeTypes: ReadonlyMap<string, ConfigOwner>): { [name: string]: JsonObject } {
  const defs: { [name: string]: JsonObject } = { retry: retrySchema };
  const rules: JsonObject[] = [];
  for (const [type, { title, description, configSchema }] of nodeTypes) {
    const { $schema: _, ...config } = configSchema;
    defs[`config-${type}`] = { title, description, ...config };
    rules.push(ifType(type, needsConfig(config)));
  }
  const { properties } = stepSchema;
  if (!isJsonObject(properties) || !isJsonObject(properties['type'])) return defs;
  const type: Json = { ...properties['type'], enum: [...nodeTypes.keys()] };
  defs['step'] = { ...stepSchema, properties: { ...properties, type }, allOf: rules };
  return defs;
}

function ifType(type: string, isConfigNeeded: boolean): JsonObject {
  const rule = { properties: { config: { $ref: `#/$defs/config-${type}` } } };
  return {
    if: { required: ['type'], properties: { type: { const: type } } },
    then: isConfigNeeded ? { ...rule, required: ['config'] } : rule,
  };
}

/** Whether a config without any field would be refused. */
export function needsConfig(config: JsonObject): boolean {
  return ['required', 'oneOf', 'anyOf'].some((rule) => Object.hasOwn(config, rule));
}
