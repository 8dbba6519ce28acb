import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import { suggest } from '../expr/suggest.ts';
import { describeTypes, listText } from './schema/describe.ts';
import { publishSchemas, type ConfigOwner } from './schema/publish.ts';
import { isTemplateRule } from './schema/choose-branch.ts';
import { propertiesOf } from './schema/schema-error.ts';

/** What a field is, as the schemas say. */
export interface Explanation {
  readonly kind: 'explanation';
  readonly path: string;
  /** `a string`, `a list of objects`; empty is any value. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
  /** JSON text; null is none. */
  readonly defaultValue: string | null;
  /** The values allowed, as JSON text; empty is any. */
  readonly values: string;
  readonly fields: readonly ExplainedField[];
}

export interface ExplainedField {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

/** A path that leads nowhere. */
export interface UnknownPath {
  readonly kind: 'unknown';
  readonly message: string;
  /** The path that was probably meant; null is none. */
  readonly suggestion: string | null;
}

interface Place {
  readonly schema: JsonObject;
  readonly isRequired: boolean;
}

/**
 * Explains a path as `behest explain` takes it: a kind (`workflow.spec.steps.retry`), or a node
 * type (`http.headers`, or `node/workflow` where a kind has the same name). Lists are passed through to their items.
 */
export function explain(
  path: string,
  nodeTypes: ReadonlyMap<string, ConfigOwner>,
): Explanation | UnknownPath {
  const schemas = publishSchemas(nodeTypes);
  const workflow = schemas.get('workflow.json') ?? {};
  const defs = isJsonObject(workflow['$defs']) ? workflow['$defs'] : {};
  const roots = new Map<string, JsonObject>([
    ['workflow', workflow],
    ['run', schemas.get('run.json') ?? {}],
  ]);
  for (const type of nodeTypes.keys()) {
    const config = resolve(defs[`config-${type}`] ?? {}, defs);
    roots.set(`node/${type}`, config);
    if (!roots.has(type)) roots.set(type, config);
  }
  const [root = '', ...fields] = path.split('.').filter((part) => part !== '');
  const found = roots.get(root.toLowerCase());
  if (found === undefined) return unknown('', root, roots.keys());
  let place: Place = { schema: found, isRequired: true };
  const walked = [root];
  for (const field of fields) {
    const inner = itemsOf(place.schema, defs);
    const next = propertiesOf(inner)[field];
    if (next === undefined)
      return unknown(walked.join('.'), field, Object.keys(propertiesOf(inner)));
    walked.push(field);
    place = { schema: resolve(next, defs), isRequired: requiredOf(inner).includes(field) };
  }
  return describe(walked.join('.'), place, defs);
}

function unknown(parent: string, field: string, known: Iterable<string>): UnknownPath {
  const names = [...known];
  const near = suggest(field, names);
  const at = parent === '' ? '' : ` in ${parent}`;
  return {
    kind: 'unknown',
    message:
      names.length === 0
        ? `There are no fields${at}.`
        : `There is no "${field}"${at}. There are: ${names.join(', ')}.`,
    suggestion: near === undefined ? null : [parent, near].filter((part) => part !== '').join('.'),
  };
}

function describe(path: string, { schema, isRequired }: Place, defs: JsonObject): Explanation {
  const inner = itemsOf(schema, defs);
  const fields = Object.entries(propertiesOf(inner)).map(([name, field]): ExplainedField => {
    const resolved = resolve(field, defs);
    return {
      name,
      type: typeText(resolved, defs),
      isRequired: requiredOf(inner).includes(name),
      description: textOf(resolved['description']),
    };
  });
  const plain = withoutTemplate(schema);
  return {
    kind: 'explanation',
    path,
    type: typeText(schema, defs),
    isRequired,
    description: descriptionOf(path, schema, defs),
    defaultValue: schema['default'] === undefined ? null : JSON.stringify(schema['default']),
    values: Array.isArray(plain['enum']) ? listText(plain['enum']) : '',
    fields,
  };
}

/** A step's config is explained by its type. */
function descriptionOf(path: string, schema: JsonObject, defs: JsonObject): string {
  const text = textOf(schema['description']);
  if (!/(steps|onFailure|finally)\.config$/.test(path)) return text;
  const types = Object.keys(defs).flatMap((name) => /^config-(.+)$/.exec(name)?.[1] ?? []);
  return `${text} Its fields depend on the type: explain ${types.map((type) => `node/${type}`).join(', ')}.`;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function resolve(schema: Json, defs: JsonObject): JsonObject {
  if (!isJsonObject(schema)) return {};
  const target = schema['$ref'];
  if (typeof target !== 'string') return schema;
  return resolve(defs[target.replace('#/$defs/', '')] ?? {}, defs);
}

/** The schema of a list's items, else the schema itself. */
function itemsOf(schema: JsonObject, defs: JsonObject): JsonObject {
  const plain = withoutTemplate(schema);
  const { items } = plain;
  return isJsonObject(items) ? resolve(items, defs) : plain;
}

/** The schema of the value itself, where a template may stand in its place. */
function withoutTemplate(schema: JsonObject): JsonObject {
  const { anyOf } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const branches = anyOf.filter((branch: Json) => !isTemplateRule(branch));
  const [only] = branches;
  return branches.length === 1 && isJsonObject(only) ? { ...schema, ...only } : schema;
}

function requiredOf(schema: JsonObject): readonly string[] {
  const { required } = schema;
  return Array.isArray(required) ? required.map(String) : [];
}

function typeText(schema: JsonObject, defs: JsonObject): string {
  const plain = withoutTemplate(schema);
  const { type, items } = plain;
  const values = plain['enum'];
  if (type === undefined && Array.isArray(values)) return 'a string';
  if (type === 'array' && isJsonObject(items)) {
    const inner = typeText(resolve(items, defs), defs);
    return inner === '' ? 'a list' : `a list: each ${inner}`;
  }
  if (typeof type === 'string') return describeTypes([type]);
  return Array.isArray(type) ? describeTypes(type.map(String)) : '';
}
