import { _, type CodeKeywordDefinition, type FuncKeywordDefinition, type KeywordCxt } from 'ajv';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import type { Json } from '../../expr/json.ts';
import { sortedJson } from '../metadata.ts';

/** How many references a check may still follow. */
export interface Fuel {
  left: number;
}

/** Thrown through ajv, which knows no other way out. */
export class TooManyReferences extends Error {}

/** Replaces the keywords of ajv that can take longer than their data is long, or throw at it. */
export function addBoundedKeywords(ajv: Ajv2020, fuel: Fuel): void {
  countReferences(ajv, fuel);
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword(distinctItems);
  ajv.removeKeyword('enum');
  ajv.addKeyword(listedValue);
  ajv.removeKeyword('const');
  ajv.addKeyword(oneValue);
}

/** The keyword as ajv has it, with a count in front. */
function countReferences(ajv: Ajv2020, fuel: Fuel): void {
  const reference = ajv.getKeyword('$ref') as CodeKeywordDefinition;
  const spend = (): void => {
    fuel.left -= 1;
    if (fuel.left < 0) throw new TooManyReferences();
  };
  ajv.removeKeyword('$ref');
  ajv.addKeyword({
    ...reference,
    code(context: KeywordCxt, rule?: string) {
      const count = context.gen.scopeValue('func', { ref: spend });
      context.gen.code(_`${count}()`);
      reference.code(context, rule);
    },
  });
}

/** Ajv compares each item with all others: a minute for the numbers of one request. */
const distinctItems = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  error: { message: 'must NOT have duplicate items' },
  validate: (isOn: boolean, items: readonly Json[]): boolean =>
    !isOn || new JsonSet(items).size === items.length,
} as const;

/** Ajv goes through the whole list for each value. */
const listedValue: FuncKeywordDefinition = {
  keyword: 'enum',
  schemaType: 'array',
  error: {
    message: 'must be equal to one of the allowed values',
    params: ({ schemaCode }) => _`{allowedValues: ${schemaCode}}`,
  },
  compile: (values: Json[]) => {
    const allowed = new JsonSet(values);
    return (value: Json): boolean => allowed.has(value);
  },
};

/** Ajv calls the member `valueOf` that an object of the data may have. */
const oneValue: FuncKeywordDefinition = {
  keyword: 'const',
  error: {
    message: 'must be equal to constant',
    params: ({ schemaCode }) => _`{allowedValue: ${schemaCode}}`,
  },
  compile: (value: Json) => {
    const allowed = new JsonSet([value]);
    return (given: Json): boolean => allowed.has(given);
  },
};

/** Values that are equal as JSON are the same member. */
class JsonSet {
  readonly #plain = new Set<Json>();
  readonly #texts = new Set<string>();

  constructor(values: readonly Json[]) {
    for (const value of values) {
      if (isPlain(value)) this.#plain.add(value);
      else this.#texts.add(sortedJson(value));
    }
  }

  get size(): number {
    return this.#plain.size + this.#texts.size;
  }

  has(value: Json): boolean {
    return isPlain(value) ? this.#plain.has(value) : this.#texts.has(sortedJson(value));
  }
}

function isPlain(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}
