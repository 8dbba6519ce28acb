import type { Dice } from '../../simulation/dice.ts';
import type { Mutant } from './mutant.ts';

const HEAD = 'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n';

const steps = (count: number, step: (index: number) => string): string =>
  `${HEAD}  steps:\n${lines(count, (index) => `    - ${step(index)}`)}`;
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');
const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(', ');

/** Every one once took, or could take, time by the square of its size or worse. */
const kinds: readonly (readonly [string, (size: number) => string])[] = [
  [
    'a bomb of aliases',
    (size) =>
      `a0: &a0 [1]\n${lines(Math.min(size, 30), (i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}, *a${i}]`)}`,
  ],
  ['aliases', (size) => `a: &a 1\n${lines(size, () => '- *a')}`],
  ['anchors', (size) => lines(size, (i) => `k${i}: &a${i} 1`)],
  ['merge keys', (size) => `a: &a { x: 1 }\n${lines(size, (i) => `b${i}: { <<: *a }`)}`],
  ['deep lists', (size) => '['.repeat(size)],
  ['deep objects', (size) => '{a: '.repeat(size)],
  ['keys in one line', (size) => `${'a: '.repeat(size)}x\nb: 1\n`],
  ['maps of maps in one line', (size) => `${'? a : '.repeat(size)}x\nb: 1\n`],
  ['dashes in one line', (size) => `${'- '.repeat(size * 5)}x\nb: 1\n`],
  ['deep blocks', (size) => lines(Math.min(size, 1000), (i) => `${' '.repeat(i)}a:`)],
  [
    'documents',
    (size) =>
      lines(
        size,
        (i) =>
          `apiVersion: behest.dev/v1\nkind: Run\nmetadata: { name: r${i % 2} }\nspec: { workflow: w }\n---`,
      ),
  ],
  ['bad documents', (size) => '--- [\n'.repeat(size)],
  ['quotes', (size) => '"'.repeat(size * 10)],
  ['empty lines', (size) => '\n'.repeat(size * 100)],
  ['spaces', (size) => ' '.repeat(size * 100)],
  ['tabs', (size) => '\t'.repeat(size * 100)],
  ['directives', (size) => '%TAG ! x\n'.repeat(size)],
  ['tags', (size) => '!a '.repeat(size)],
  ['a long line', (size) => `a: ${'x'.repeat(size * 400)}`],
  ['five megabytes', (size) => `# ${'x'.repeat(size * 500)}`],
  ['steps', (size) => steps(size, (i) => `{ id: a${i}, type: end }`)],
  ['steps without sense', (size) => steps(size, () => '{ ida: 1, tyype: 2, config: 3, retry: 4 }')],
  ['equal ids', (size) => steps(size, () => '{ id: a, type: end }')],
  ['unknown needs', (size) => steps(size, (i) => `{ id: a${i}, type: end, needs: [zz${i}] }`)],
  [
    'all need all',
    (size) =>
      steps(
        Math.min(size, 400),
        (i) => `{ id: a${i}, type: end, needs: [${list(i, (j) => `a${j}`)}] }`,
      ),
  ],
  [
    'a circle',
    (size) => steps(size, (i) => `{ id: a${i}, type: end, needs: [a${(i + 1) % size}] }`),
  ],
  [
    'unknown names',
    (size) =>
      steps(
        size,
        (i) => `{ id: a${i}, type: transform, config: { output: "{{ b${i}.output }}" } }`,
      ),
  ],
  [
    'bad configs',
    (size) =>
      steps(size, (i) => `{ id: a${i}, type: http, config: { url: 1, headers: 4, method: 3 } }`),
  ],
  [
    'missing files',
    (size) =>
      steps(size, (i) => `{ id: a${i}, type: code, config: { language: python, file: f${i}.py } }`),
  ],
  [
    'branches',
    (size) =>
      steps(
        1,
        () =>
          `{ id: s, type: switch, config: { value: a, cases: { ${list(size, (i) => `c${i}: z${i}`)} } } }`,
      ),
  ],
  [
    'templates in one text',
    (size) =>
      steps(
        1,
        () => `{ id: a, type: transform, config: { output: "${'{{ b }} '.repeat(size)}" } }`,
      ),
  ],
  [
    'templates in a list',
    (size) =>
      steps(
        1,
        () => `{ id: a, type: transform, config: { output: [${list(size, () => '"{{ b }}"')}] } }`,
      ),
  ],
  ['unknown fields', (size) => `${HEAD}${lines(size, (i) => `  stepz${i}: 1`)}`],
  [
    'labels',
    (size) =>
      `${HEAD.replace('name: w', `name: w, labels: { ${list(size, (i) => `l${i}: x`)} }`)}  steps: [{ id: a, type: end }]\n`,
  ],
  [
    'phases',
    (size) =>
      `${HEAD}  phases:\n${lines(Math.min(size, 400), (i) => `    - { name: p${i}, needs: [${list(i, (j) => `p${j}`)}], steps: [{ id: a${i}, type: end }] }`)}`,
  ],
  [
    'references',
    (size) =>
      schema(
        `{ $defs: { ${list(size, (i) => `l${i}: { $ref: '#/$defs/l${i + 1}' }`)}, l${size}: {} } }`,
      ),
  ],
  [
    'a circle of references',
    (size) =>
      schema(
        `{ $defs: { ${list(size, (i) => `l${i}: { $ref: '#/$defs/l${(i + 1) % size}' }`)} } }`,
      ),
  ],
  [
    'references that double',
    () =>
      schema(
        `{ $ref: '#/$defs/a0', $defs: { ${list(60, (i) => `a${i}: { allOf: [{ $ref: '#/$defs/a${i + 1}' }, { $ref: '#/$defs/a${i + 1}' }] }`)}, a60: {} } }`,
      ),
  ],
  [
    'a schema with mistakes',
    (size) => schema(`{ properties: { ${list(size, (i) => `l${i}: { type: strin }`)} } }`),
  ],
  [
    'a slow pattern',
    (size) =>
      `${schema(`{ type: object, properties: { s: { type: string, pattern: '^(a+)+$' } } }`)}  triggers: [{ name: t, apply: {}, input: { s: ${'a'.repeat(size)}b } }]\n`,
  ],
  [
    'equal items',
    (size) =>
      `${schema('{ properties: { l: { type: array, uniqueItems: true } } }')}  triggers: [{ name: t, apply: {}, input: { l: [${list(size, (i) => `{ a: ${i} }`)}] } }]\n`,
  ],
  [
    'an expression too long',
    (size) =>
      steps(
        1,
        () => `{ id: a, type: transform, config: { output: "{{ ${'1 + '.repeat(size)}1 }}" } }`,
      ),
  ],
  [
    'an expression too deep',
    (size) =>
      steps(
        1,
        () => `{ id: a, type: transform, config: { output: "{{ ${'('.repeat(size)}1 }}" } }`,
      ),
  ],
  [
    'not an expression',
    (size) =>
      steps(
        1,
        () =>
          `{ id: a, type: transform, config: { output: "{{ ${'!'.repeat(Math.min(size, 8000))}1 }}" } }`,
      ),
  ],
];

function schema(text: string): string {
  return `${HEAD}  steps: [{ id: a, type: end }]\n  input: ${text}\n`;
}

/** Something that is nothing but large. */
export function monster(dice: Dice): Mutant {
  const [name, make] = dice.pick(kinds);
  const size = dice.pick([10, 500, 2000, 10_000]);
  const file = dice.pick(['a.yaml', 'a.yaml', 'a.json', 'w/workflow.yaml', '.hidden/a.yaml']);
  return {
    label: `${name} × ${size}`,
    files: new Map([[file, new Uint8Array(Buffer.from(make(size)))]]),
  };
}

/** Each of them at a size that shows a square, for the test that looks at nothing else. */
export function everyMonster(): readonly Mutant[] {
  const size = 4000;
  return kinds.map(([name, make]) => ({
    label: `${name} × ${size}`,
    files: new Map([['a.yaml', new Uint8Array(Buffer.from(make(size)))]]),
  }));
}
