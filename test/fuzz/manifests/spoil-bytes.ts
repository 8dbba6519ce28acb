import type { Dice } from '../../simulation/dice.ts';

/** A text as bytes that are not what they should be. */
export function spoilBytes(dice: Dice, text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length === 0) return Buffer.from([0xff]);
  switch (dice.below(5)) {
    case 0:
      return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    case 1:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    case 2:
      return Buffer.from(text, 'latin1');
    case 3: {
      const bad = dice.pick([
        [0xff],
        [0xc0, 0x80],
        [0xed, 0xa0, 0x80],
        [0xf5],
        [0xe2, 0x82],
        [0x00],
      ]);
      const at = dice.below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(bad), bytes.subarray(at)]);
    }
    default: {
      const changed = Buffer.from(bytes);
      for (let i = dice.between(1, 8); i > 0; i -= 1)
        changed[dice.below(changed.length)] = dice.below(256);
      return changed;
    }
  }
}
