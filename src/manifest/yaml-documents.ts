import { Composer, Parser, type Document, type YAMLError, type YAMLWarning } from 'yaml';

const OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  // The library compares each key with all others; ours costs the same for every key.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/** Pieces that belong nowhere, of which the library makes an error each, with a stack. */
const MAX_STRAYS = 100;

export interface YamlDocuments {
  readonly documents: readonly Document.Parsed[];
  /** What is wrong with a text without documents. */
  readonly faults: readonly (YAMLError | YAMLWarning)[];
  /** Where the text nests deeper than the library can follow; null when it does not. */
  readonly tooDeepAt: number | null;
}

/** Reads a text with the library as its own `parseAllDocuments` does, but gives up on noise. */
export function readYaml(text: string): YamlDocuments {
  const composer = new Composer(OPTIONS);
  const documents: Document.Parsed[] = [];
  let strays = 0;
  const parser = new Parser();
  try {
    for (const token of parser.parse(text)) {
      documents.push(...composer.next(token));
      if (token.type === 'error') strays += 1;
      if (strays > MAX_STRAYS) break;
    }
    documents.push(...composer.end());
  } catch (error) {
    // It calls itself for each level, and a level needs no bracket: "a: b: c: …" in one line.
    if (error instanceof RangeError) return { documents: [], faults: [], tooDeepAt: parser.offset };
    throw error;
  }
  if (documents.length > 0) return { documents, faults: [], tooDeepAt: null };
  const { errors, warnings } = composer.streamInfo();
  return { documents, faults: [...errors, ...warnings], tooDeepAt: null };
}
