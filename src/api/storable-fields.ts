import { isMessage, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import type { Violation } from './fault.ts';

/**
 * What a request may hold and the ledger may not: texts with U+0000 or half a surrogate pair, data
 * that is no JSON. Data's own texts are cleaned where they are stored; a manifest's by its reader.
 */
export function unstorableFields(desc: DescMessage, message: Message): Violation[] {
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
  if (field.message?.typeName.startsWith('google.protobuf.')) return inData(field, value);
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

/** JSON knows neither NaN nor a value that is none; protobuf's bytes do. */
function inData(field: DescField, value: unknown): Violation[] {
  if (!holdsNoJson(value)) return [];
  return [
    { field: field.name, description: 'must be JSON: without NaN, Infinity and unset values' },
  ];
}

function holdsNoJson(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  if (isMessage(value, ValueSchema) && value.kind.case === undefined) return true;
  return Object.values(value).some(holdsNoJson);
}

function inText(field: string, text: string): Violation[] {
  if (!text.includes('\0') && text.isWellFormed()) return [];
  return [{ field, description: 'must not contain U+0000 or half of a surrogate pair' }];
}
