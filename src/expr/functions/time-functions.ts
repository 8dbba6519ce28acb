import { Fault } from '../fault.ts';
import { timestampOf } from '../operators.ts';
import { Duration, type Timestamp, type Value } from '../value.ts';
import { define, type FunctionDef } from './function-def.ts';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;
const DURATION = /^[+-]?(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/;
const PART = /(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g;
const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};

function parseTimestamp(text: string): Timestamp {
  const ms = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new Fault('the text is no RFC 3339 time such as 2026-01-31T08:00:00Z');
  }
  return timestampOf(ms);
}

function parseDuration(text: string): Duration {
  if (!DURATION.test(text)) throw new Fault('the text is no duration such as 90s, 1h30m or 250ms');
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(PART))
    ms += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return new Duration(Math.round(text.startsWith('-') ? -ms : ms));
}

const DAY_MS = 86_400_000;

/** The calendar fields of a moment, as the methods of CEL number them. */
const FIELDS: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) =>
    Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

/** The moment whose UTC fields are what a clock in that zone shows. */
function inZone(moment: Timestamp, timeZone: string): Date {
  const parts = zoneParts(moment, timeZone);
  const read = (type: string): number =>
    Number(parts.find((part) => part.type === type)?.value ?? Number.NaN);
  const millis = ((moment.ms % 1000) + 1000) % 1000;
  const date = new Date(0);
  date.setUTCFullYear(read('year'), read('month') - 1, read('day'));
  date.setUTCHours(read('hour'), read('minute'), read('second'), millis);
  return date;
}

function zoneParts(moment: Timestamp, timeZone: string): Intl.DateTimeFormatPart[] {
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    return format.formatToParts(new Date(moment.ms));
  } catch {
    // The only argument that can be wrong is the zone.
    throw new Fault('the time zone is unknown; expected a name such as "Europe/Berlin"');
  }
}

function fieldFunctions(): FunctionDef[] {
  return Object.entries(FIELDS).flatMap(([name, read]) => [
    define({ name, params: ['timestamp'], result: 'number' }, (_, [moment]) =>
      read(new Date(moment.ms)),
    ),
    define({ name, params: ['timestamp', 'string'], result: 'number' }, (frame, [moment, zone]) => {
      frame.charge(200);
      return read(inZone(moment, zone));
    }),
  ]);
}

/** A duration's length in a unit, whole, as CEL has it. */
function lengthIn(name: string, unitMs: number): FunctionDef {
  return define({ name, params: ['duration'], result: 'number' }, (_, [duration]): Value =>
    Math.trunc(duration.ms / unitMs),
  );
}

export const TIME_FUNCTIONS: readonly FunctionDef[] = [
  define({ name: 'timestamp', params: ['string'], result: 'timestamp' }, (_, [text]) =>
    parseTimestamp(text),
  ),
  define({ name: 'timestamp', params: ['number'], result: 'timestamp' }, (_, [seconds]) =>
    timestampOf(seconds * 1000),
  ),
  define(
    { name: 'timestamp', params: ['timestamp'], result: 'timestamp' },
    (_, [moment]) => moment,
  ),
  define({ name: 'duration', params: ['string'], result: 'duration' }, (_, [text]) =>
    parseDuration(text),
  ),
  define(
    { name: 'duration', params: ['duration'], result: 'duration' },
    (_, [duration]) => duration,
  ),
  define({ name: 'int', params: ['timestamp'], result: 'number' }, (_, [moment]) =>
    Math.floor(moment.ms / 1000),
  ),
  ...fieldFunctions(),
  lengthIn('getHours', 3_600_000),
  lengthIn('getMinutes', 60_000),
  lengthIn('getSeconds', 1000),
  lengthIn('getMilliseconds', 1),
];
