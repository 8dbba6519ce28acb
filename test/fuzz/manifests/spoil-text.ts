import type { Spoil } from './mutant.ts';

/** Pieces that mean something to YAML, JSON or the eyes. */
const scraps = [
  ...[
    '\t',
    ':',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '{{',
    '}}',
    '{{{{',
    ',',
    '#',
    ' #',
    '%',
    '@',
    '`',
  ],
  ...[
    '&a ',
    '*a',
    '*a ',
    '!!x ',
    '!',
    '!!binary ',
    '!!set ',
    '!!timestamp ',
    '? ',
    '| ',
    '>-\n',
    '|+2\n',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
  ],
  ...[
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '  ',
    ' ',
    '\u0000',
    '\uFEFF',
    '\u2028',
    '\u0085',
    '\u00A0',
    '\u202E',
    '\uD800',
    '\uDC00',
    'é',
    '📦',
    '\u001b[31m',
  ],
  ...[
    '1',
    '-0',
    '0x1F',
    '0o17',
    '1_000',
    '1e999',
    '.inf',
    '.nan',
    '99999999999999999999',
    'null',
    '~',
    'yes',
    'NO',
    '2024-01-01',
    '12:30:45',
  ],
  ...[
    '<<: ',
    '__proto__: ',
    'constructor: ',
    'toString',
    '"\\u0000"',
    '"\\ud800"',
    '"\\x41\\U0001F600"',
    '{ "a": 1, "a": 2 }',
  ],
];

/** What editors, merges and typing do to a text: cut, doubled, moved, with pieces put in. */
export const spoilText: Spoil = (dice, text, others) => {
  const at = dice.below(text.length + 1);
  const lines = text.split('\n');
  const line = dice.below(lines.length);
  switch (dice.below(10)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + dice.between(1, 12));
    case 2:
      return lines.toSpliced(line, dice.between(1, 3)).join('\n');
    case 3:
      return lines.toSpliced(dice.below(lines.length), 0, lines[line] ?? '').join('\n');
    case 4:
      return lines
        .with(line, `${dice.pick(['  ', ' ', '\t', ''])}${(lines[line] ?? '').trimStart()}`)
        .join('\n');
    case 5:
      return text.replaceAll('\n', dice.pick(['\r\n', '\r', '\n\n', '\n\t', '\u2028']));
    case 6: {
      const other = dice.pick(others);
      const mixed = Buffer.from(other.files.get(other.main) ?? []).toString();
      const seam = dice.pick(['', '\n', '\n---\n']);
      return text.slice(0, at) + seam + mixed.slice(dice.below(mixed.length));
    }
    case 7: {
      const conflict = `<<<<<<< HEAD\n${lines[line] ?? ''}\n=======\n${lines.at(-1) ?? ''}\n>>>>>>> main`;
      return lines.with(line, conflict).join('\n');
    }
    default:
      return text.slice(0, at) + dice.pick(scraps) + text.slice(at + dice.below(4));
  }
};
