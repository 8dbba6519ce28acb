import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Alias,
  type ParsedNode,
  type Range,
} from 'yaml';
import type { Json } from '../expr/json.ts';
import type { Mistake, TextSpan } from './source-text.ts';

/** Deepest nesting of maps and lists. */
export const MAX_DEPTH = 64;

/** Uses of aliases in one document. */
export const MAX_ALIASES = 200;

/** Values of one document, aliases written out. */
export const MAX_VALUES = 100_000;

/** Characters of its texts, aliases written out: what a whole file can have without any. */
export const MAX_CHARACTERS = 1_048_576;

export type Node = ParsedNode;
export type Report = (span: TextSpan, mistake: Mistake) => void;

export interface Conversion {
  readonly value: Json;
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
}

/**
 * The JSON value of a YAML node. Whatever JSON does not have, or a reader would not expect, is
 * reported and left out.
 */
export function convertNode(root: Node, report: Report): Conversion {
  const converter = new Converter(report);
  return { value: converter.convert(root, 0), targets: converter.targets };
}

export function spanOf(node: { readonly range?: Range | null | undefined }): TextSpan {
  const [start, end] = node.range ?? [0, 0, 0];
  return { start, end };
}

/** One document on its way; after a limit is met nothing more is converted. */
class Converter {
  readonly targets = new Map<Alias, Node>();
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #report: Report;
  #values = 0;
  #characters = 0;
  #aliases = 0;
  #isSpent = false;

  constructor(report: Report) {
    this.#report = report;
  }

  convert(node: Node, depth: number): Json {
    if (this.#isSpent) return null;
    this.#values += 1;
    if (isScalar(node) && typeof node.value === 'string') this.#characters += node.value.length;
    if (this.#values > MAX_VALUES) return this.#spend(node, tooManyValues);
    if (this.#characters > MAX_CHARACTERS) return this.#spend(node, tooMuchText);
    if (depth > MAX_DEPTH) return this.#spend(node, tooDeep);
    if (isAlias(node)) return this.#followAlias(node, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#open.add(node);
    const value = this.#convertContent(node, depth);
    this.#open.delete(node);
    return value;
  }

  #convertContent(node: Exclude<Node, Alias>, depth: number): Json {
    if (isScalar(node)) return this.#convertScalar(node);
    if (isSeq(node)) return node.items.map((item) => this.convert(item, depth + 1));
    return this.#convertMap(node, depth);
  }

  #convertMap(node: Extract<Node, { items: unknown[] }>, depth: number): Json {
    const entries = new Map<string, Json>();
    for (const item of node.items) {
      if (!isPair(item)) continue;
      const key = this.#readKey(item.key, entries);
      const value = item.value;
      const content = value === null ? null : this.convert(value, depth + 1);
      if (key !== null) entries.set(key, content);
    }
    return Object.fromEntries(entries);
  }

  /** Null when the entry cannot stand. */
  #readKey(key: Node, entries: ReadonlyMap<string, Json>): string | null {
    if (!isScalar(key) || typeof key.value !== 'string') {
      this.#report(spanOf(key), badKey(key));
      return null;
    }
    const text = key.value;
    this.#characters += text.length;
    if (text === '<<') {
      this.#report(spanOf(key), mergeKey);
      return null;
    }
    if (text === '__proto__' || entries.has(text)) {
      this.#report(spanOf(key), text === '__proto__' ? protoKey : duplicateKey(text));
      return null;
    }
    return text;
  }

  #convertScalar(node: { value: unknown; range?: Range | null }): Json {
    const { value } = node;
    if (typeof value === 'number') return this.#checkNumber(node, value);
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    this.#report(spanOf(node), { code: 'unknown-tag', message: 'This value is no JSON value.' });
    return null;
  }

  #checkNumber(node: { range?: Range | null }, value: number): Json {
    if (!Number.isFinite(value)) this.#report(spanOf(node), notFinite);
    else if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      this.#report(spanOf(node), unsafeInteger);
    } else return value;
    return null;
  }

  #followAlias(alias: Alias.Parsed, depth: number): Json {
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) return this.#spend(alias, tooManyAliases);
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#report(spanOf(alias), unknownAlias(alias.source, this.#anchors.keys()));
      return null;
    }
    if (this.#open.has(target)) return this.#spend(alias, aliasCycle(alias.source));
    this.targets.set(alias, target);
    return this.convert(target, depth);
  }

  #spend(node: Node, mistake: Mistake): null {
    this.#isSpent = true;
    this.#report(spanOf(node), mistake);
    return null;
  }
}

const tooManyValues: Mistake = {
  code: 'alias-limit',
  message: `The document has more than ${MAX_VALUES} values once its aliases are written out.`,
  hint: 'Use fewer aliases, or move data into a file that a step reads.',
};

const tooMuchText: Mistake = {
  code: 'alias-limit',
  message: `The document has more than ${MAX_CHARACTERS} characters once its aliases are written out.`,
  hint: 'Use fewer aliases, or move text into a file that a step reads.',
};

const tooManyAliases: Mistake = {
  code: 'alias-limit',
  message: `The document uses more than ${MAX_ALIASES} aliases.`,
  hint: 'Write the values out, or split the document.',
};

export const tooDeep: Mistake = {
  code: 'too-deep',
  message: `The document nests deeper than ${MAX_DEPTH} levels.`,
  hint: 'Move deep data into a file of the workflow’s folder.',
};

const mergeKey: Mistake = {
  code: 'merge-key',
  message: 'The merge key "<<" is not part of YAML 1.2.',
  hint: 'Write the fields out, or use an alias (*name) for a whole value.',
};

const protoKey: Mistake = {
  code: 'bad-key',
  message: 'The key "__proto__" is not allowed.',
  hint: 'Choose another name.',
};

const notFinite: Mistake = {
  code: 'not-finite',
  message: 'This number is not finite; JSON has no such value.',
  hint: 'Write a finite number, or put it in quotes if it is text.',
};

const unsafeInteger: Mistake = {
  code: 'unsafe-integer',
  message: 'This whole number is too big to be kept exactly (the limit is 2^53 - 1).',
  hint: 'Put it in quotes to keep its digits as text.',
};

function duplicateKey(key: string): Mistake {
  return {
    code: 'duplicate-key',
    message: `The key "${key}" appears twice in the same object.`,
    hint: 'Keep one of the two.',
  };
}

function badKey(key: Node): Mistake {
  if (isMap(key) && key.flow === true) return unquotedTemplate;
  const found = isScalar(key) ? String(key.value) : '';
  return {
    code: 'non-string-key',
    message: isScalar(key)
      ? `A key must be text; found ${key.value === null ? 'null' : `the ${typeof key.value} ${found}`}.`
      : 'A key must be text; found a list, an object or an alias.',
    hint: isScalar(key) ? `Put it in quotes: "${found}".` : 'Write the key as text.',
  };
}

export const unquotedTemplate: Mistake = {
  code: 'unquoted-template',
  message: 'A value that begins with {{ must be in quotes.',
  hint: 'Write "{{ … }}": without quotes YAML reads the braces as an object.',
};

function unknownAlias(name: string, anchors: Iterable<string>): Mistake {
  const known = [...anchors];
  return {
    code: 'unknown-alias',
    message: `The alias *${name} refers to no anchor before it.`,
    hint:
      known.length > 0
        ? `Anchors so far: ${known.map((each) => `&${each}`).join(', ')}.`
        : `Put text that begins with * in quotes: "*${name}".`,
  };
}

function aliasCycle(name: string): Mistake {
  return {
    code: 'alias-cycle',
    message: `The alias *${name} stands inside the value that it refers to.`,
    hint: 'A value cannot contain itself.',
  };
}
