import { isAlias, isMap, isScalar, isSeq, type Alias, type Document, type YAMLError } from 'yaml';
import type { Json } from '../expr/json.ts';
import type { Path } from '../graph/problem.ts';
import type { FileProblem } from '../record/source.ts';
import { decode, MAX_FILE_BYTES } from './decode.ts';
import { findJsonFault } from './json-syntax.ts';
import { SourceText, type Mistake, type TextSpan } from './source-text.ts';
import { findFlood } from './text-flood.ts';
import { readYaml } from './yaml-documents.ts';
import { syntaxMistake, unknownTag } from './yaml-syntax.ts';
import { convertNode, spanOf, tooDeep, type Node } from './yaml-value.ts';

/** One document of a file: its value, and where each part of it is written. */
export interface ManifestDocument {
  readonly source: SourceText;
  readonly value: Json;
  /** The place of a value or its key; of the nearest parent when the path leads nowhere. */
  locate(path: Path, atKey?: boolean): TextSpan;
  /** The place of a part of the string at `path`. */
  locateInside(path: Path, part: { readonly offset: number; readonly length: number }): TextSpan;
}

export interface ParsedFile {
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly FileProblem[];
}

/** Problems of one file that are told; a file with more is broken in one way many times over. */
export const MAX_PROBLEMS = 100;

/**
 * YAML 1.2 (core schema) or JSON to documents. Never throws: a document with a mistake is left
 * out, and the mistake is among the problems. An empty file has no documents.
 */
export function parseFile(file: string, bytes: Uint8Array): ParsedFile {
  if (bytes.length > MAX_FILE_BYTES) return refuse(new SourceText(file, ''), tooBig(bytes.length));
  const decoded = decode(bytes);
  if (!decoded.ok) {
    const end = decoded.before.length;
    const source = new SourceText(file, `${decoded.before}\uFFFD`);
    return { documents: [], problems: [source.problemAt({ start: end, end: end + 1 }, notUtf8)] };
  }
  return parseText(file, decoded.text);
}

/** As parseFile, for a text that is already at hand. */
export function parseText(file: string, text: string): ParsedFile {
  const source = new SourceText(file, text);
  const fault = file.endsWith('.json') && text.trim() !== '' ? findJsonFault(text) : null;
  const problems: FileProblem[] = [];
  const documents: ManifestDocument[] = [];
  const flood = findFlood(text);
  if (flood !== null)
    return { documents: [], problems: [source.problemAt(flood.span, flood.mistake)] };
  const yaml = readYaml(text);
  if (yaml.tooDeepAt !== null) {
    const span = { start: yaml.tooDeepAt, end: yaml.tooDeepAt + 1 };
    return { documents: [], problems: [source.problemAt(span, tooDeep)] };
  }
  problems.push(...strayProblems(yaml.faults, source));
  for (const document of yaml.documents) {
    const before = problems.length;
    const read = readDocument(document, source, problems);
    if (read !== null && problems.length === before) documents.push(read);
  }
  if (fault === null || problems.length > 0) return { documents, problems };
  return { documents: [], problems: [source.problemAt(fault.span, fault.mistake)] };
}

/** What the library noticed, with places; the first is enough. */
function strayProblems(errors: readonly YAMLError[], source: SourceText): readonly FileProblem[] {
  return errors.slice(0, 1).map((error) => {
    const [start, end] = error.pos;
    return source.problemAt({ start, end }, syntaxMistake(error, source.text));
  });
}

function readDocument(
  document: Document.Parsed,
  source: SourceText,
  problems: FileProblem[],
): ManifestDocument | null {
  const directives = document.warnings.filter(({ code }) => code === 'BAD_DIRECTIVE');
  const syntax = strayProblems([...document.errors, ...directives], source);
  if (syntax.length > 0) {
    problems.push(...syntax);
    return null;
  }
  const { yaml } = document.directives;
  if (yaml.explicit === true && yaml.version !== '1.2') {
    problems.push(source.problemAt({ start: 0, end: 1 }, oldYaml(yaml.version)));
    return null;
  }
  for (const warning of document.warnings) {
    if (warning.code !== 'TAG_RESOLVE_FAILED') continue;
    const [start, end] = warning.pos;
    const tag = unknownTag(source.text.slice(start, end));
    problems.push(source.problemAt({ start, end }, tag));
  }
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return null;
  const { value, targets } = convertNode(root, (span, mistake) => {
    if (problems.length < MAX_PROBLEMS) problems.push(source.problemAt(span, mistake));
  });
  return new YamlDocument(source, value, { root, targets });
}

class YamlDocument implements ManifestDocument {
  readonly source: SourceText;
  readonly value: Json;
  readonly #root: Node;
  readonly #targets: ReadonlyMap<Alias, Node>;

  constructor(
    source: SourceText,
    value: Json,
    tree: { readonly root: Node; readonly targets: ReadonlyMap<Alias, Node> },
  ) {
    this.source = source;
    this.value = value;
    this.#root = tree.root;
    this.#targets = tree.targets;
  }

  locate(path: Path, atKey = false): TextSpan {
    let node: Node = this.#root;
    let key: Node | null = null;
    for (const part of path) {
      const next = this.#step(node, part);
      if (next === null) return this.#fallback(key, node);
      key = next.key;
      if (next.node === null) return spanOf(next.key ?? node);
      node = next.node;
    }
    if (atKey && key !== null) return spanOf(key);
    return this.#fallback(key, node);
  }

  locateInside(path: Path, part: { readonly offset: number; readonly length: number }): TextSpan {
    const whole = this.locate(path);
    const value = valueAt(this.value, path);
    if (typeof value !== 'string') return whole;
    if (part.offset >= value.trimEnd().length) return { start: whole.end - 1, end: whole.end };
    const found = findWritten(this.source.text.slice(whole.start, whole.end), value, part);
    if (found === null) return whole;
    return { start: whole.start + found.start, end: whole.start + found.end };
  }

  /** Long values are shown by their key: a caret under forty lines helps nobody. */
  #fallback(key: Node | null, node: Node): TextSpan {
    const span = spanOf(node);
    const isEmpty = span.start === span.end;
    if (key !== null && (isEmpty || isMap(node) || isSeq(node))) return spanOf(key);
    return isMap(node) || isSeq(node) ? firstOf(node) : span;
  }

  #step(at: Node, part: string | number): { key: Node | null; node: Node | null } | null {
    const node = isAlias(at) ? (this.#targets.get(at) ?? at) : at;
    if (isSeq(node)) {
      const item = typeof part === 'number' ? node.items[part] : undefined;
      return item === undefined ? null : { key: null, node: item };
    }
    if (!isMap(node)) return null;
    const pair = node.items.find((each) => isScalar(each.key) && each.key.value === String(part));
    if (pair === undefined) return null;
    return { key: pair.key, node: pair.value };
  }
}

/** The first key or item of a collection. */
function firstOf(node: Node): TextSpan {
  const span = spanOf(node);
  if (isMap(node)) {
    const first = node.items[0];
    if (first !== undefined) return spanOf(first.key);
  }
  return { start: span.start, end: Math.min(span.end, span.start + 1) };
}

function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as { readonly [key: string]: Json })[part];
  }
  return value;
}

/**
 * Where a part of a string stands in the source of it. Quotes, indentation and block markers
 * shift offsets, but the part itself is nearly always written as it is read.
 */
function findWritten(
  written: string,
  value: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): TextSpan | null {
  const end = Math.min(value.length, offset + Math.max(1, length));
  const firstLine = value.slice(Math.min(offset, end - 1), end).split('\n')[0] ?? '';
  const part = firstLine.trimEnd();
  if (part === '') return null;
  let nth = 0;
  for (let at = value.indexOf(part); at >= 0 && at < offset; at = value.indexOf(part, at + 1))
    nth += 1;
  let found = written.indexOf(part);
  for (; nth > 0 && found >= 0; nth -= 1) found = written.indexOf(part, found + 1);
  return found < 0 ? null : { start: found, end: found + part.length };
}

function refuse(source: SourceText, mistake: Mistake): ParsedFile {
  return { documents: [], problems: [source.problemAt({ start: 0, end: 0 }, mistake)] };
}

function tooBig(bytes: number): Mistake {
  return {
    code: 'file-too-big',
    message: `The file has ${bytes} bytes; a manifest may have ${MAX_FILE_BYTES}.`,
    hint: 'Move data into files of a workflow’s folder, or list the file in .behestignore.',
  };
}

const notUtf8: Mistake = {
  code: 'invalid-utf8',
  message: 'The file is not valid UTF-8 here.',
  hint: 'Save the file as UTF-8.',
};

function oldYaml(version: string): Mistake {
  return {
    code: 'yaml-version',
    message: `The document asks for YAML ${version}; Behest reads YAML 1.2.`,
    hint: 'Remove the %YAML line.',
  };
}
