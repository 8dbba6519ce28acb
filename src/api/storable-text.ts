import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import type { Violation } from './fault.ts';

/**
 * Texts of a request that Postgres cannot hold: those with U+0000 or half a surrogate pair. What
 * is data (google.protobuf.Value) and what is read as a manifest has rules of its own.
 */
export function unstorableTexts(desc: DescMessage, message: Message): Violation[] {
  if (desc.typeName.startsWith('google.protobuf.')) return [];
  const fields: { readonly [name: string]: unknown } = { ...message };
  return desc.fields
    .filter((field) => !isManifest(field))
    .flatMap((field) => inField(field, fields[field.localName]));
}

function isManifest(field: DescField): boolean {
  return field.name === 'text';
}

function inField(field: DescField, value: unknown): Violation[] {
  if (typeof value === 'string') return inText(field.name, value);
  if (typeof value !== 'object' || value === null) return [];
  if (field.fieldKind === 'map') {
    return Object.entries(value).flatMap(([key, each]) => [
      ...inText(field.name, key),
      ...(typeof each === 'string' ? inText(`${field.name}["${key}"]`, each) : []),
    ]);
  }
  if (Array.isArray(value)) {
    return value.flatMap((each: unknown) =>
      typeof each === 'string' ? inText(field.name, each) : [],
    );
  }
  return [];
}

function inText(field: string, text: string): Violation[] {
  if (!text.includes('\0') && text.isWellFormed()) return [];
  return [{ field, description: 'must not contain U+0000 or half of a surrogate pair' }];
}
