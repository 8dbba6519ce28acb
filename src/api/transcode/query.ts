import {
  ScalarType,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
} from '@bufbuild/protobuf';
import { invalidFields, type Violation } from '../fault.ts';
import { refuseDeep } from './read-body.ts';
import { isTrue } from './route-table.ts';
import { isObject, unknownField } from './rest-json.ts';

/**
 * Writes query parameters into the JSON of a request: `a.b=1` reaches nested fields, a repeated
 * field takes the parameter several times (or once, separated by commas, for enums and numbers).
 */
export function applyQuery(desc: DescMessage, target: JsonObject, query: URLSearchParams): void {
  const violations: Violation[] = [];
  for (const [name, value] of query) {
    const place = locate(desc, target, name);
    // Namespaces are asked for on every path, also where an id is unique without one.
    if (place === null && name === 'namespace') continue;
    if (place === null) {
      violations.push({
        field: name,
        description: `${unknownField(desc, name)} (query parameter)`,
      });
    } else {
      put(place, value);
    }
  }
  if (violations.length > 0) throw invalidFields(violations);
}

/** Writes one value at a path of fields, as the variables of a path template do. */
export function setField(
  desc: DescMessage,
  target: JsonObject,
  { field, value }: { readonly field: readonly string[]; readonly value: string },
): void {
  const place = locate(desc, target, field.join('.'));
  if (place === null) throw new Error(`${desc.typeName} has no field ${field.join('.')}`);
  put(place, value);
}

interface Place {
  readonly owner: JsonObject;
  readonly field: DescField;
  /** Key of a map entry: `labels.team=a`. */
  readonly mapKey?: string;
}

function locate(desc: DescMessage, target: JsonObject, name: string): Place | null {
  const [head = '', ...rest] = name.split('.');
  const field = desc.fields.find((each) => each.name === head || each.jsonName === head);
  if (field === undefined) return null;
  if (rest.length === 0) return { owner: target, field };
  if (field.fieldKind === 'map') return { owner: target, field, mapKey: rest.join('.') };
  if (field.fieldKind !== 'message' || isWellKnown(field.message)) return null;
  return locate(field.message, child(target, field.name), rest.join('.'));
}

function isWellKnown(desc: DescMessage): boolean {
  return desc.typeName.startsWith('google.protobuf.');
}

function child(owner: JsonObject, name: string): JsonObject {
  const existing = owner[name];
  if (isObject(existing)) return existing;
  const made: JsonObject = {};
  owner[name] = made;
  return made;
}

function put({ owner, field, mapKey }: Place, text: string): void {
  if (mapKey !== undefined) {
    child(owner, field.name)[mapKey] = convert(field, text);
  } else if (field.fieldKind === 'list') {
    const texts = field.listKind === 'enum' ? text.split(',') : [text];
    const existing = owner[field.name];
    const before = Array.isArray(existing) ? existing : [];
    owner[field.name] = [...before, ...texts.map((each) => convert(field, each.trim()))];
  } else {
    owner[field.name] = convert(field, text);
  }
}

function convert(field: DescField, text: string): JsonValue {
  if (field.message?.typeName === 'google.protobuf.Value') return parseLoosely(text);
  if (field.scalar === ScalarType.BOOL) {
    if (isTrue(text)) return true;
    return ['false', '0', 'no'].includes(text.toLowerCase()) ? false : text;
  }
  return text;
}

/** JSON where it parses, otherwise the text itself. */
export function parseLoosely(text: string): JsonValue {
  const value = parseOr(text);
  refuseDeep(value, 'A field');
  return value;
}

function parseOr(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    // Text that is no JSON is what it says: a form field has no quotes.
    return text;
  }
}
