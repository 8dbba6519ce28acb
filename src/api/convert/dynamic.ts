import { create, toJson, type JsonObject as ProtoObject } from '@bufbuild/protobuf';
import {
  ListValueSchema,
  NullValue,
  StructSchema,
  ValueSchema,
  timestampFromMs,
  timestampMs,
  type Timestamp,
  type Value,
} from '@bufbuild/protobuf/wkt';
import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';

/** Data of any shape as google.protobuf.Value. Numbers are doubles there, as they are in JSON. */
export function toValue(json: Json): Value {
  if (json === null)
    return create(ValueSchema, { kind: { case: 'nullValue', value: NullValue.NULL_VALUE } });
  if (Array.isArray(json)) {
    const values = json.map(toValue);
    const value = create(ListValueSchema, { values });
    return create(ValueSchema, { kind: { case: 'listValue', value } });
  }
  return isJsonObject(json) ? toStructValue(json) : toScalar(json);
}

function toStructValue(json: JsonObject): Value {
  // A null prototype: a key named __proto__ is data like any other.
  const fields: { [key: string]: Value } = Object.create(null);
  for (const [key, value] of Object.entries(json)) fields[key] = toValue(value);
  const value = create(StructSchema);
  value.fields = fields;
  return create(ValueSchema, { kind: { case: 'structValue', value } });
}

function toScalar(json: Json): Value {
  switch (typeof json) {
    case 'string':
      return create(ValueSchema, { kind: { case: 'stringValue', value: json } });
    case 'number':
      return create(ValueSchema, { kind: { case: 'numberValue', value: json } });
    default:
      return create(ValueSchema, { kind: { case: 'boolValue', value: json === true } });
  }
}

/** The data of a Value; null for one that is not set. */
export function fromValue(value: Value | undefined): Json {
  if (value === undefined || value.kind.case === undefined) return null;
  const json: Json = toJson(ValueSchema, value);
  return json;
}

/** An object as a field of type google.protobuf.Struct holds it. Nobody changes it there. */
export function toStruct(json: JsonObject): ProtoObject {
  // Only `readonly` differs between the two types.
  return json as ProtoObject;
}

export function toTimestamp(ms: number): Timestamp {
  return timestampFromMs(ms);
}

/** For fields that are absent until something has happened. */
export function optionalTimestamp(ms: number | null): Timestamp | undefined {
  return ms === null ? undefined : timestampFromMs(ms);
}

export function fromTimestamp(time: Timestamp | undefined): number | null {
  return time === undefined ? null : timestampMs(time);
}
