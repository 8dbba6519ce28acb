import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
}

/** Metadata of a manifest that obeys its schema. */
export function metadataOf(manifest: JsonObject, defaultNamespace: string): Metadata {
  const metadata = isJsonObject(manifest['metadata']) ? manifest['metadata'] : {};
  const { name, namespace, labels, annotations } = metadata;
  return {
    name: textOf(name),
    namespace: typeof namespace === 'string' ? namespace : defaultNamespace,
    labels: textsOf(labels),
    annotations: textsOf(annotations),
  };
}

/** The schema has seen to it that it is text. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: Json | undefined): { readonly [name: string]: string } {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, textOf(text)]));
}

/** JSON with the keys of every object in order: equal values make equal text. */
export function sortedJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const entries = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${sortedJson(value[key] ?? null)}`);
  return `{${entries.join(',')}}`;
}
