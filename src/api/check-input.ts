import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Json } from '../expr/json.ts';
import type { VersionRecord } from '../record/workflow.ts';
import { invalidFields } from './fault.ts';

/** By version: it is immutable, so its schema is compiled once for as long as it is in use. */
const compiled = new WeakMap<VersionRecord, ValidateFunction>();

/** INVALID_ARGUMENT with a JSON pointer to each value that breaks the workflow's input schema. */
export function checkInput(version: VersionRecord, input: Json): void {
  const validate = compiled.get(version) ?? compile(version);
  if (validate === null || validate(input)) return;
  throw invalidFields(
    (validate.errors ?? []).map((error) => ({
      field: `input${pointer(error)}`,
      description: describe(error),
    })),
  );
}

function compile(version: VersionRecord): ValidateFunction | null {
  if (version.graph.input === null) return null;
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  formats.default(ajv);
  const validate = ajv.compile(version.graph.input);
  compiled.set(version, validate);
  return validate;
}

/** The place of what is missing or too much is below the object that ajv names. */
function pointer({ instancePath, params }: ErrorObject): string {
  const name: unknown = params['missingProperty'] ?? params['additionalProperty'];
  if (typeof name !== 'string') return instancePath;
  return `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function describe({ keyword, message, params }: ErrorObject): string {
  if (keyword === 'required') return 'is required';
  if (keyword === 'additionalProperties') return 'is not expected';
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params['allowedValues'])}`;
  return message ?? keyword;
}
