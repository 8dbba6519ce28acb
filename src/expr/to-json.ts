import { Fault } from './fault.ts';
import type { Frame } from './frame.ts';
import type { Json } from './json.ts';
import { Duration, isList, setOwn, Timestamp, type Value, type ValueMap } from './value.ts';

/** A result as JSON: moments and durations become text; bytes are refused. */
export function toJson(frame: Frame, value: Value): Json {
  if (typeof value === 'string') frame.charge(value.length / 8);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof Uint8Array) throw new Fault('JSON cannot carry bytes; use base64(value)');
  return frame.nested(() => containerJson(frame, value));
}

function containerJson(frame: Frame, value: readonly Value[] | ValueMap): Json {
  if (isList(value)) {
    frame.charge(value.length);
    return value.map((item) => toJson(frame, item));
  }
  const result: { [key: string]: Json } = {};
  for (const [key, item] of Object.entries(value)) {
    frame.charge(1);
    setOwn(result, key, toJson(frame, item));
  }
  return result;
}

/**
 * Charges for a result as it will be written out. One list may hold another a thousand times over,
 * so a small evaluation could otherwise yield a value that no store can hold.
 */
export function measure(frame: Frame, value: Value): void {
  if (typeof value === 'string') frame.charge(value.length / 8);
  if (typeof value !== 'object' || value === null) return;
  const items = isList(value) ? value : Object.values(value);
  frame.charge(items.length);
  frame.nested(() => {
    for (const item of items) measure(frame, item);
  });
}

function timestampText(value: Timestamp): string {
  return new Date(value.ms).toISOString().replace('.000Z', 'Z');
}

function durationText(value: Duration): string {
  return `${value.ms / 1000}s`;
}

/** A value inside text: text as it is, null as nothing, everything else as compact JSON. */
export function toText(frame: Frame, value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  const text = JSON.stringify(toJson(frame, value));
  frame.chargeText(text.length);
  return text;
}
