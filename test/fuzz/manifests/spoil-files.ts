import { nastyTexts } from '../nasty.ts';
import type { Spoil } from './mutant.ts';

const paths = [
  '../x.py',
  '../../../../etc/passwd',
  '/etc/passwd',
  './',
  '.',
  '..',
  'missing.py',
  'steps',
  'steps/',
  './././normalise.py',
  'normalise.py/',
  'NORMALISE.PY',
  'a\u0000.py',
  '~/.ssh/id_rsa',
  'file:///etc/passwd',
  'https://x/y.py',
  'C:\\x.py',
  'steps/../normalise.py',
  '{{ input.file }}',
  '$HOME',
  'normalise.py\n',
  'x'.repeat(5000),
];

/** Leads the references to files of the folder somewhere else. */
export const spoilFiles: Spoil = (dice, text) => {
  const path = JSON.stringify(dice.chance(0.8) ? dice.pick(paths) : dice.pick(nastyTexts));
  const found = [...text.matchAll(/[\w./-]+\.(py|js|mjs|json|csv|txt)\b/g)];
  if (found.length === 0)
    return text.replace(/type: \S+/, `type: code, config: { language: python, file: ${path} }`);
  const { index, 0: whole } = dice.pick(found);
  return text.slice(0, index) + path.slice(1, -1) + text.slice(index + whole.length);
};
