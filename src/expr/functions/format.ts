import { Fault } from '../fault.ts';
import type { Frame } from '../frame.ts';
import { toText } from '../to-json.ts';
import { typeOf, type Value } from '../value.ts';

const VERB = /%(?:\.(\d{1,2}))?([sdf%])/g;

/** `"%s has %d of %.1f".format([a, b, c])`: `%s` any value, `%d` whole, `%f` decimal, `%%` itself. */
export function format(frame: Frame, pattern: string, args: readonly Value[]): string {
  frame.chargeText(pattern.length);
  let used = 0;
  const result = pattern.replace(VERB, (_verb, precision: string | undefined, kind: string) => {
    if (kind === '%') return '%';
    const value = args[used];
    used += 1;
    if (value === undefined)
      throw new Fault(`format has ${args.length} values but more places for them`);
    const text = kind === 's' ? toText(frame, value) : numberText(value, kind, precision);
    frame.chargeText(text.length);
    return text;
  });
  if (used < args.length)
    throw new Fault(`format has ${args.length} values but ${used} places for them`);
  return result;
}

function numberText(value: Value, kind: string, precision: string | undefined): string {
  if (typeof value !== 'number') throw new Fault(`%${kind} takes a number; found ${typeOf(value)}`);
  return kind === 'd'
    ? value.toFixed(0)
    : value.toFixed(precision === undefined ? 6 : Number(precision));
}
