import {
  type DescEnum,
  type DescMessage,
  type JsonValue,
  type MessageShape,
  toJson,
} from '@bufbuild/protobuf';

/** A message as REST gives it: proto field names and bare lower-case enum words. */
export function apiJson<D extends DescMessage>(desc: D, message: MessageShape<D>): JsonValue {
  return lowerEnums(desc, toJson(desc, message, { useProtoFieldName: true }));
}

function lowerEnums(desc: DescMessage, json: JsonValue): JsonValue {
  const isOwnForm = desc.typeName.startsWith('google.protobuf.');
  if (isOwnForm || typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const result: { [name: string]: JsonValue } = {};
  for (const [name, value] of Object.entries(json)) {
    const field = desc.fields.find((each) => each.name === name);
    const change = (each: JsonValue): JsonValue => {
      if (field?.enum !== undefined) return enumWord(field.enum, each);
      return field?.message === undefined ? each : lowerEnums(field.message, each);
    };
    if (field?.fieldKind === 'list' && Array.isArray(value)) result[name] = value.map(change);
    else if (field?.fieldKind === 'map') result[name] = mapValues(value, change);
    else result[name] = change(value);
  }
  return result;
}

function mapValues(json: JsonValue, change: (value: JsonValue) => JsonValue): JsonValue {
  const entries = Object.entries(json ?? {}) as [string, JsonValue][];
  return Object.fromEntries(entries.map(([key, value]) => [key, change(value)]));
}

function enumWord(desc: DescEnum, value: JsonValue): JsonValue {
  return typeof value === 'string' ? bareWord(desc, value) : value;
}

/** `RUN_STATUS_PENDING_RETRY` or its number as `pending_retry`. */
export function enumText(desc: DescEnum, number: number): string {
  const name = desc.value[number]?.name ?? '';
  return bareWord(desc, name);
}

function bareWord(desc: DescEnum, name: string): string {
  const prefix = desc.sharedPrefix ?? '';
  return name.toLowerCase().startsWith(prefix.toLowerCase())
    ? name.slice(prefix.length).toLowerCase()
    : name.toLowerCase();
}
