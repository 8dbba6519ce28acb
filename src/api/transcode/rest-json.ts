import {
  fromJson,
  toJson,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type MessageShape,
} from '@bufbuild/protobuf';
import { closest, distance } from 'fastest-levenshtein';
import { invalidField, invalidFields, type Violation } from '../fault.ts';

/** REST JSON of a message: proto field names, bare lower-case enum words, defaults included. */
export function toRestJson<D extends DescMessage>(desc: D, message: MessageShape<D>): JsonValue {
  const json = toJson(desc, message, { useProtoFieldName: true, alwaysEmitImplicit: true });
  return walk(desc, { json, path: '' }, { enumWord: lowerWord, unknown: () => undefined });
}

/**
 * The message that this REST JSON says. Enum words in any case, with or without their prefix, and
 * proto or JSON field names are taken; anything unknown is INVALID_ARGUMENT, all at once.
 */
export function fromRestJson<D extends DescMessage>(desc: D, json: JsonValue): MessageShape<D> {
  if (!isObject(json)) throw invalidField('', `expected a JSON object, found ${nameOf(json)}`);
  const violations: Violation[] = [];
  const standard = walk(
    desc,
    { json, path: '' },
    {
      enumWord: (type, value, path) => {
        const name = fullName(type, value);
        if (name === undefined) violations.push(wrongWord(type, value, path));
        return name ?? 0;
      },
      unknown: (field) => void violations.push(field),
    },
  );
  if (violations.length > 0) throw invalidFields(violations);
  try {
    return fromJson(desc, standard);
  } catch (error) {
    throw asViolation(error);
  }
}

interface Visitor {
  enumWord(type: DescEnum, value: JsonValue, path: string): JsonValue;
  unknown(violation: Violation): void;
}

/** A value and the path that leads to it. */
interface Placed {
  readonly json: JsonValue;
  readonly path: string;
}

function walk(desc: DescMessage, { json, path }: Placed, visitor: Visitor): JsonValue {
  // Well-known types have a JSON form of their own: text, or data that is not ours to read.
  if (desc.typeName.startsWith('google.protobuf.') || !isObject(json)) return json;
  const walked: JsonObject = {};
  for (const [key, value] of Object.entries(json)) {
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    const at = path === '' ? key : `${path}.${key}`;
    if (field === undefined) visitor.unknown({ field: at, description: unknownField(desc, key) });
    else walked[key] = walkField(field, { json: value, path: at }, visitor);
  }
  return walked;
}

function walkField(field: DescField, { json, path }: Placed, visitor: Visitor): JsonValue {
  if (field.fieldKind === 'list' && Array.isArray(json)) {
    return json.map((item, index) => {
      return walkOne(field, { json: item, path: `${path}[${index}]` }, visitor);
    });
  }
  if (field.fieldKind === 'map' && isObject(json)) {
    const entries = Object.entries(json).map(([key, value]) => {
      return [key, walkOne(field, { json: value, path: `${path}["${key}"]` }, visitor)];
    });
    return Object.fromEntries(entries);
  }
  return walkOne(field, { json, path }, visitor);
}

function walkOne(field: DescField, placed: Placed, visitor: Visitor): JsonValue {
  if (field.message !== undefined) return walk(field.message, placed, visitor);
  return field.enum === undefined
    ? placed.json
    : visitor.enumWord(field.enum, placed.json, placed.path);
}

function lowerWord(type: DescEnum, value: JsonValue): JsonValue {
  const found = type.values.find(({ name }) => name === value);
  return found === undefined ? value : found.localName.toLowerCase();
}

function fullName(type: DescEnum, value: JsonValue): JsonValue | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const word = value.toUpperCase().replaceAll('-', '_');
  const found = type.values.find(({ name, localName }) => name === word || localName === word);
  return found?.name;
}

function wrongWord(type: DescEnum, value: JsonValue, path: string): Violation {
  const words = type.values.slice(1).map(({ localName }) => localName.toLowerCase());
  const description = `expected one of ${words.join(', ')}, found ${JSON.stringify(value)}`;
  return { field: path, description };
}

/** Says that there is no such field, and which one may have been meant. */
export function unknownField(desc: DescMessage, key: string): string {
  const names = desc.fields.map(({ name }) => name);
  if (names.length === 0) return `unknown field: none is expected`;
  const near = closest(key, names);
  const hint = distance(key, near) <= 2 ? `did you mean ${near}?` : `known: ${names.join(', ')}`;
  return `unknown field; ${hint}`;
}

/** What fromJson throws, without the type names that only we know. */
function asViolation(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const match = /field (?:[\w.]+\.)?(\w+) from JSON: (.*)$/s.exec(error.message);
  if (match !== null) return invalidField(match[1] ?? '', match[2] ?? '');
  const text = error.message.replace(/cannot decode (?:message|field) [\w.]+ from JSON:? ?/g, '');
  return invalidField('', text);
}

export function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

export function nameOf(json: JsonValue): string {
  if (json === null) return 'null';
  return Array.isArray(json) ? 'a list' : `a ${typeof json}`;
}
