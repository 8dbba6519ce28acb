import type { JsonObject } from '../../src/expr/json.ts';
import type { Dice } from './dice.ts';

/** What the expressions of random graphs read; `salt` makes runs of one workflow come out differently. */
export function randomInput(dice: Dice): JsonObject {
  return { flag: dice.chance(0.5), kind: dice.pick(['a', 'b', 'c']), salt: dice.below(1000) };
}
