import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import { resolvedSchema } from '../nodes/config-schema.ts';
import { HardError } from '../nodes/errors.ts';
import type { NodeType } from '../nodes/node-type.ts';

const SHOWN_PROBLEMS = 5;

/** Checks configs whose templates are values by now; each node type's schema is compiled once. */
export class ConfigCheck {
  private readonly ajv = addFormats.default(
    new Ajv2020({ allErrors: true, strict: false, logger: false }),
  );
  private readonly compiled = new Map<NodeType, ValidateFunction>();

  /** Rejects with a hard `invalid_input` that names each wrong field; never shows its value. */
  check(nodeType: NodeType, config: Json): void {
    let validate = this.compiled.get(nodeType);
    if (validate === undefined) {
      validate = this.ajv.compile(schemaOf(nodeType));
      this.compiled.set(nodeType, validate);
    }
    if (!validate(config)) throw invalidConfig(nodeType.type, validate.errors ?? []);
  }
}

function schemaOf(nodeType: NodeType): JsonObject {
  const schema = nodeType.configSchema;
  // A custom type may say less than a list of fields; then there are no template variants either.
  return isJsonObject(schema['properties']) ? resolvedSchema(schema, nodeType.fileKeys) : schema;
}

function invalidConfig(type: string, errors: readonly ErrorObject[]): HardError {
  const problems = errors.map(({ instancePath, message, keyword, params }) => {
    const place = `config${instancePath.replaceAll('/', '.')}`;
    const field: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
    const named = typeof field === 'string' ? ` (${field})` : '';
    return `${place} ${message ?? keyword}${named}`;
  });
  const more =
    problems.length > SHOWN_PROBLEMS ? `; and ${problems.length - SHOWN_PROBLEMS} more` : '';
  const shown = problems.slice(0, SHOWN_PROBLEMS).join('; ');
  return new HardError(
    'invalid_input',
    `config of this ${type} step is not valid: ${shown}${more}`,
    {
      details: { problems: problems.slice(0, 50) },
    },
  );
}
