import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import { resolvedSchema } from './config-schema.ts';
import { HardError } from './errors.ts';

interface ConfigRules {
  readonly type: string;
  readonly schema: JsonObject;
  readonly fileKeys: readonly string[];
}

/**
 * A reader of resolved configs: fills defaults in and rejects with a hard `invalid_input` that
 * names the field. Data decides what a template yields, so this cannot be known before.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the schema says what it is
export function configReader<Config>(rules: ConfigRules): (config: Json) => Config {
  let validate: ValidateFunction<Config> | undefined;
  return (config) => {
    validate ??= new Ajv2020({ useDefaults: true, allErrors: true, strict: false }).compile<Config>(
      resolvedSchema(rules.schema, rules.fileKeys),
    );
    const copy: unknown = structuredClone(isJsonObject(config) ? config : {});
    if (validate(copy)) return copy;
    throw invalidConfig(rules.type, validate.errors ?? []);
  };
}

function invalidConfig(type: string, errors: readonly ErrorObject[]): HardError {
  const problems = errors.map((error) => {
    const place = error.instancePath.slice(1).replaceAll('/', '.');
    return `${place === '' ? 'config' : place} ${error.message ?? error.keyword}`;
  });
  const message = `config of this ${type} step is not valid: ${problems.slice(0, 5).join('; ')}`;
  return new HardError('invalid_input', message, { details: { problems } });
}

/** The path in a config value that names a file of the workflow's folder. */
export function filePath(value: string | { readonly $file: string }): string {
  return typeof value === 'string' ? value : value.$file;
}
