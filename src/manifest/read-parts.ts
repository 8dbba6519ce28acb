import type { NodeTraits } from '../graph/node-traits.ts';
import { manifestChecks, type ManifestChecks } from './schema/manifest-checks.ts';
import type { ConfigOwner } from './schema/publish.ts';

export type KnownNodeType = ConfigOwner &
  Pick<NodeTraits, 'runsIn' | 'timeoutMs'> &
  Partial<Pick<NodeTraits, 'fileKeys' | 'verbatimKeys'>>;

export interface ReadOptions {
  readonly nodeTypes: ReadonlyMap<string, KnownNodeType>;
  /** Of documents that name none; `default`. */
  readonly defaultNamespace?: string;
  /** SHA-256, hex. */
  readonly digest: (bytes: Uint8Array) => string;
}

/** All that a reader keeps between files. */
export interface ReadParts {
  readonly options: ReadOptions;
  readonly checks: ManifestChecks;
  readonly traits: ReadonlyMap<string, NodeTraits>;
}

const partsOf = new WeakMap<ReadonlyMap<string, KnownNodeType>, Omit<ReadParts, 'options'>>();

/** What every reading with these node types shares; compiled once. */
export function readParts(options: ReadOptions): ReadParts {
  const { nodeTypes } = options;
  const known = partsOf.get(nodeTypes) ?? {
    checks: manifestChecks(nodeTypes),
    traits: new Map([...nodeTypes].map(([type, each]) => [type, traitsOf(each)])),
  };
  partsOf.set(nodeTypes, known);
  return { options, ...known };
}

function traitsOf({ runsIn, timeoutMs, fileKeys, verbatimKeys }: KnownNodeType): NodeTraits {
  return { runsIn, timeoutMs, fileKeys: fileKeys ?? [], verbatimKeys: verbatimKeys ?? [] };
}
