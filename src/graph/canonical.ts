import { isJsonObject, type Json } from '../expr/json.ts';
import type { Graph } from './graph.ts';

/**
 * The one true text of a JSON value (RFC 8785): no white space, keys sorted by UTF-16 code units,
 * numbers and strings as ECMAScript writes them. Equal values have equal texts.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${fields.join(',')}}`;
}

/**
 * What a version's digest is made of: its SHA-256 is the identity of a workflow version. Hashing
 * needs the host, so it is left to the caller.
 */
export function canonicalText(graph: Graph): string {
  // A graph is JSON by its making; its interfaces only lack the index signature.
  return canonicalJson(graph as unknown as Json);
}
