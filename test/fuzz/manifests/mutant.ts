import type { Dice } from '../../simulation/dice.ts';
import type { Sample } from './corpus.ts';
import { monster } from './monsters.ts';
import { spoilBytes } from './spoil-bytes.ts';
import { spoilExpressions } from './spoil-expressions.ts';
import { spoilFiles } from './spoil-files.ts';
import { spoilText } from './spoil-text.ts';
import { spoilTree } from './spoil-tree.ts';
import { spoilYaml } from './spoil-yaml.ts';

/** What a source might hold after people, editors, merges and enemies have been at it. */
export interface Mutant {
  /** The sample and the ways it was spoilt: for the report. */
  readonly label: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** One way of spoiling the text of a manifest; `others` are there to be mixed in. */
export type Spoil = (dice: Dice, text: string, others: readonly Sample[]) => string;

const spoils: readonly (readonly [string, number, Spoil])[] = [
  ['text', 4, spoilText],
  ['tree', 4, spoilTree],
  ['yaml', 3, spoilYaml],
  ['expression', 4, spoilExpressions],
  ['files', 1, spoilFiles],
];

const weighted = spoils.flatMap((spoil) => Array.from({ length: spoil[1] }, () => spoil));

/** How often something huge comes in place of a mutation: such take most of the time. */
const MONSTERS = 0.002;

/** The mutant of this number: the same for the same seed, whatever came before. */
export function mutant(dice: Dice, corpus: readonly Sample[]): Mutant {
  if (dice.chance(MONSTERS)) return monster(dice);
  const sample = dice.pick(corpus);
  const ways: string[] = [];
  let text = Buffer.from(sample.files.get(sample.main) ?? []).toString();
  for (let i = dice.pick([1, 1, 1, 2, 3]); i > 0; i -= 1) {
    const [name, , spoil] = dice.pick(weighted);
    ways.push(name);
    text = spoil(dice, text, corpus);
  }
  const bytes = dice.chance(0.1) ? spoilBytes(dice, text) : Buffer.from(text);
  const main = dice.chance(0.05) ? dice.pick(otherNames) : sample.main;
  const files = new Map([...sample.files, [main, new Uint8Array(bytes)]]);
  if (main !== sample.main && dice.chance(0.5)) files.delete(sample.main);
  return { label: `${sample.name} (${ways.join(', ')})`, files };
}

const otherNames = [
  'a.yml',
  'a.json',
  'A.YAML',
  'w/workflow.yaml',
  'w/workflow.json',
  'w/config.json',
  '.github/workflows/ci.yaml',
  'ä ö/📦.yaml',
  'deep/er/and/deeper/a.json',
  '__proto__/workflow.yaml',
];
