import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { linearPatterns } from '../../expr/functions/linear-pattern.ts';
import type { Json, JsonObject } from '../../expr/json.ts';
import { addBoundedKeywords, TooManyReferences, type Fuel } from './bounded-keywords.ts';
import type { SchemaError } from './schema-error.ts';

/** References that one check follows: in a schema that refers to itself twice they double at each level. */
export const MAX_REFERENCES_FOLLOWED = 500_000;

/** What is told of one value that breaks its schema; more is a mistake made many times over. */
export const MAX_DATA_ERRORS = 100;

/** Values of data of which all mistakes are looked for; of larger data only the first is told. */
const MAX_VALUES_ALL = 50_000;

/** What breaks the schema, with schema and data beside each; fills defaults into the value. */
export type DataCheck = (value: Json) => readonly SchemaError[];

const fuel: Fuel = { left: 0 };

/** Schemas that one compiler is used for. */
const SCHEMAS_EACH = 100;

/** Makes compilers that are used for some schemas each. */
class Compilers {
  readonly #allErrors: boolean;
  #current: Ajv2020 | null = null;
  #used = 0;

  constructor(allErrors: boolean) {
    this.#allErrors = allErrors;
  }

  /**
   * Making one costs some 7 ms, compiling a schema well under one; but it remembers parts of every
   * schema that it ever compiled, so it is replaced after a while.
   */
  compile(schema: JsonObject): ValidateFunction {
    this.#used += 1;
    if (this.#current === null || this.#used % SCHEMAS_EACH === 0) {
      this.#current = newDataAjv(this.#allErrors);
    }
    try {
      return this.#current.compile(schema);
    } finally {
      this.#current.removeSchema(schema);
    }
  }
}

const untilFirst = new Compilers(false);
const forAll = new Compilers(true);

/**
 * A check of data by a schema that a person wrote. Schema and data may both come from people who
 * mean harm, so it takes time about linear in the data: patterns are RE2's, equal items are found
 * by their text, and references are counted.
 */
export function dataCheck(schema: JsonObject): DataCheck {
  const first = compileOnce(untilFirst, schema);
  const all = compileOnce(forAll, schema);
  return (value) => {
    try {
      const errors = run(first(), value);
      if (errors.length === 0 || !isSmall(value)) return errors;
      return run(all(), value).slice(0, MAX_DATA_ERRORS);
    } catch (error) {
      if (error instanceof TooManyReferences) return [tooCostly(value)];
      throw error;
    }
  };
}

/** Why a schema cannot be compiled; null when it can. */
export function compileFault(schema: JsonObject): string | null {
  try {
    untilFirst.compile(schema);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return 'it is nested too deeply';
    return error instanceof Error ? error.message : String(error);
  }
}

function newDataAjv(allErrors: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors,
    verbose: true,
    strict: false,
    useDefaults: true,
    // The reader has held it against the meta-schema when it was applied.
    validateSchema: false,
    code: linearPatterns,
  });
  ajvFormats.default(ajv);
  addBoundedKeywords(ajv, fuel);
  return ajv;
}

function compileOnce(compilers: Compilers, schema: JsonObject): () => ValidateFunction {
  let compiled: ValidateFunction | undefined;
  return () => (compiled ??= compilers.compile(schema));
}

function run(validate: ValidateFunction, value: Json): readonly SchemaError[] {
  fuel.left = MAX_REFERENCES_FOLLOWED;
  return validate(value) ? [] : (validate.errors ?? []);
}

function isSmall(value: Json): boolean {
  let left = MAX_VALUES_ALL;
  const open: Json[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const inner: readonly Json[] = Object.values(next);
    left -= inner.length;
    if (left < 0) return false;
    open.push(...inner);
  }
  return true;
}

function tooCostly(data: Json): SchemaError {
  const message = `follows more than ${MAX_REFERENCES_FOLLOWED} references of its schema`;
  return { keyword: '$ref', instancePath: '', schemaPath: '#', params: {}, message, data };
}
