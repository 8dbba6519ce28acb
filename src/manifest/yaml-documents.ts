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
}

/** Reads a text with the library as its own `parseAllDocuments` does, but gives up on noise. */
export function readYaml(text: string): YamlDocuments {
  const composer = new Composer(OPTIONS);
  const documents: Document.Parsed[] = [];
  let strays = 0;
  for (const token of new Parser().parse(text)) {
    documents.push(...composer.next(token));
    if (token.type === 'error') strays += 1;
    if (strays > MAX_STRAYS) break;
  }
  documents.push(...composer.end());
  if (documents.length > 0) return { documents, faults: [] };
  const { errors, warnings } = composer.streamInfo();
  return { documents, faults: [...errors, ...warnings] };
}
