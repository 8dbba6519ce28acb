import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';

/** What a manifest may write in place of any value that is not text. */
const TEMPLATE: JsonObject = {
  type: 'string',
  pattern: '^\\s*\\{\\{',
  description: 'A template that yields the value: `{{ … }}`.',
};

/** A schema of the value, or of a template that yields it. Description and default stay in front. */
export function orTemplate(schema: JsonObject): JsonObject {
  const { description, default: fallback, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rest, TEMPLATE],
  };
}

/** The schema of an object config: nothing besides the fields listed is accepted. */
export function configObject(
  properties: { readonly [field: string]: JsonObject },
  rules: JsonObject = {},
): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    properties,
    ...rules,
  };
}

/**
 * The schema that a config obeys when it reaches a runner: templates are values by then, and a
 * file is `{ $file: path }`.
 */
export function resolvedSchema(schema: JsonObject, fileKeys: readonly string[] = []): JsonObject {
  const plain = withoutTemplates(schema);
  if (!isJsonObject(plain) || !isJsonObject(plain['properties'])) {
    throw new TypeError('a config schema describes an object with properties');
  }
  const properties: { [key: string]: Json } = { ...plain['properties'] };
  for (const key of fileKeys) properties[key] = orFile(properties[key]);
  return { ...plain, properties };
}

function withoutTemplates(schema: Json): Json {
  if (Array.isArray(schema)) {
    return schema.filter((item) => !isTemplate(item)).map(withoutTemplates);
  }
  if (!isJsonObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, withoutTemplates(value)]),
  );
}

function isTemplate(schema: Json): boolean {
  return isJsonObject(schema) && schema['pattern'] === TEMPLATE['pattern'];
}

const FILE: JsonObject = {
  type: 'object',
  required: ['$file'],
  properties: { $file: { type: 'string' } },
};

function orFile(schema: Json | undefined): JsonObject {
  if (isJsonObject(schema) && schema['type'] === 'array') {
    return { ...schema, items: { anyOf: [schema['items'] ?? {}, FILE] } };
  }
  return { anyOf: [schema ?? {}, FILE] };
}
