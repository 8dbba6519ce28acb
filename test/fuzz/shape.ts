import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import type { Dice } from '../simulation/dice.ts';
import { nastyJson, nastyTexts, nested } from './nasty.ts';

/** Texts that name something real, by the field that takes them. */
export type Known = { readonly [field: string]: readonly string[] };

/** How often a value is of the wrong kind altogether. */
const WRONG = 0.12;

/** JSON text of such a message: mostly of its shape, with something odd in it here and there. */
export function messageText(dice: Dice, desc: DescMessage, known: Known): string {
  const special = wellKnown(dice, desc, known);
  if (special !== null) return special;
  const parts = desc.fields
    .filter(() => dice.chance(0.6))
    .map((field) => `${keyOf(dice, field)}: ${fieldText(dice, field, known)}`);
  if (dice.chance(0.05)) parts.push(`"__proto__": ${dice.pick(nastyJson)}`);
  if (dice.chance(0.05)) parts.push(`${JSON.stringify(dice.pick(nastyTexts))}: 1`);
  const [first] = parts;
  if (first !== undefined && dice.chance(0.05)) parts.push(first);
  return `{${parts.join(', ')}}`;
}

function keyOf(dice: Dice, field: DescField): string {
  return JSON.stringify(dice.chance(0.5) ? field.name : field.jsonName);
}

function fieldText(dice: Dice, field: DescField, known: Known): string {
  if (dice.chance(WRONG)) return dice.pick(nastyJson);
  if (field.fieldKind === 'list') {
    const items = Array.from({ length: dice.below(4) }, () => oneText(dice, field, known));
    return `[${items.join(', ')}]`;
  }
  if (field.fieldKind === 'map') {
    const keys = Array.from({ length: dice.below(4) }, () => textFor(dice, field.name, known));
    return `{${keys.map((key) => `${JSON.stringify(key)}: ${oneText(dice, field, known)}`).join(', ')}}`;
  }
  return oneText(dice, field, known);
}

function oneText(dice: Dice, field: DescField, known: Known): string {
  if (field.message !== undefined) {
    const chosen = known[field.name];
    if (chosen !== undefined && dice.chance(0.5)) return dice.pick(chosen);
    return messageText(dice, field.message, known);
  }
  if (field.enum !== undefined) return JSON.stringify(dice.pick(field.enum.values).name);
  switch (field.scalar) {
    case ScalarType.STRING:
      return JSON.stringify(textFor(dice, field.name, known));
    case ScalarType.BOOL:
      return dice.pick(['true', 'false']);
    case ScalarType.BYTES:
      return JSON.stringify(dice.pick(['', 'AAAA', '!!!', 'A']));
    default:
      return field.name === 'timeout_seconds'
        ? '1'
        : String(dice.pick([0, 1, 2, 7, 1000, -1, 2 ** 31 - 1]));
  }
}

/** A text for this field: a real one half of the time. */
export function textFor(dice: Dice, field: string, known: Known): string {
  const real = Object.hasOwn(known, field) ? known[field] : undefined;
  return real !== undefined && dice.chance(0.6) ? dice.pick(real) : dice.pick(nastyTexts);
}

function wellKnown(dice: Dice, desc: DescMessage, known: Known): string | null {
  switch (desc.typeName) {
    case 'google.protobuf.Timestamp':
      return JSON.stringify(dice.pick(['2024-01-01T00:00:00Z', ...nastyTexts]));
    case 'google.protobuf.Struct':
      return objectText(dice, known);
    case 'google.protobuf.Value':
      if (dice.chance(0.03)) return nested(dice.pick([50, 63, 70, 101, 2000]), 'lists');
      return dice.chance(0.5) ? objectText(dice, known) : dice.pick(nastyJson);
    default:
      return null;
  }
}

function objectText(dice: Dice, known: Known): string {
  const fields = Array.from({ length: dice.below(5) }, () => {
    const key = textFor(dice, 'key', known);
    const value = dice.chance(0.5) ? dice.pick(nastyJson) : JSON.stringify(dice.pick(nastyTexts));
    return `${JSON.stringify(key)}: ${value}`;
  });
  return `{${fields.join(', ')}}`;
}
