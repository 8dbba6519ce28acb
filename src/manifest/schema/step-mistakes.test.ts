import { describe } from 'vitest';
import { checkAll, withConfig, withSteps } from '../testing/check-text.ts';

describe('config of a step', () => {
  describe('http', () =>
    checkAll(
      [
        ['misspelt field', 'urll: x', ['9:9 unknown-field', '"urll"', '"url"']],
        ['no url', 'method: GET', ['8:7 missing-field', '"url"', 'Address']],
        ['misspelt method', 'url: x\nmethod: GETT', ['10:17 wrong-value', 'GETT', '"GET"']],
        [
          'headers that are a list',
          'url: x\nheaders: []',
          ['10:9 wrong-type', 'an object, found an empty list'],
        ],
        [
          'number in quotes',
          'url: x\nresponse: { maxBytes: "3" }',
          ['10:31 wrong-type', 'whole number', 'Remove the quotes: 3'],
        ],
        [
          'two bodies',
          'url: x\nbody: 1\nform: {}',
          ['8:7 conflicting-fields', '"body" and "form"', 'Keep one'],
        ],
        [
          'file that is not there',
          'url: x\nbodyFile: data.bin',
          ['10:19 missing-file', 'data.bin', 'a.yaml'],
        ],
        ['bad pointer', 'url: x\nresponse: { extract: { a: b } }', ['10:35 wrong-form', '"b"']],
        [
          'several at once',
          'url: 3\nmethod: 4\nquery: 5',
          ['9:14 wrong-type'],
          ['10:17 wrong-value'],
          ['11:16 wrong-type'],
        ],
        [
          'a template where a number is wanted is fine, a wrong name in it is not',
          'url: x\nresponse: { maxBytes: "{{ zz.output }}" }',
          ['10:35 unknown-name', 'zz'],
        ],
      ],
      withConfig('http'),
    ));

  describe('code', () =>
    checkAll(
      [
        ['neither code nor file', 'language: python', ['8:7 missing-field', '"code" or "file"']],
        ['code and file', 'code: x\nfile: a.yaml', ['8:7 conflicting-fields', '"code", "file"']],
        [
          'unknown language',
          'code: x\nlanguage: ruby',
          ['10:19 wrong-value', '"python", "javascript"'],
        ],
        ['file outside the folder', 'file: ../x.py', ['9:15 missing-file', '../x.py', 'inside']],
        ['absolute file', 'file: /etc/passwd', ['9:15 missing-file', '/etc/passwd', 'relative']],
        ['misspelt file', 'file: ./a.yml', ['9:15 missing-file', './a.yml', '"a.yaml"']],
        ['function that is no name', 'code: x\nfunction: a-b', ['10:19 wrong-form', '"a-b"']],
      ],
      withConfig('code'),
    ));

  describe('wait', () =>
    checkAll(
      [
        ['neither duration nor until', '{}', ['8:7 missing-field', '"duration" or "until"']],
        ['both', 'duration: 1s\nuntil: x', ['8:7 conflicting-fields', '"duration", "until"']],
        ['no unit', 'duration: "5"', ['9:19 wrong-form', '"5"', '500ms']],
      ],
      withConfig('wait'),
    ));

  describe('conditional', () =>
    checkAll(
      [
        ['no condition', 'true_edge: a', ['8:7 missing-field', '"condition"'], ['9:20 self-need']],
        [
          'branch to nowhere',
          'condition: "true"\ntrue_edge: bb',
          ['10:20 unknown-branch-target', '"bb"'],
        ],
        ['condition that does not compile', 'condition: "input.x > "', ['9:31 syntax']],
      ],
      withConfig('conditional'),
    ));

  describe('switch', () =>
    checkAll(
      [
        ['no cases', 'value: x', ['8:7 missing-field', '"cases"']],
        ['empty cases', 'value: x\ncases: {}', ['10:9 out-of-range', 'at least one field']],
        [
          'case key without quotes',
          'value: x\ncases: { true: a }',
          ['10:18 non-string-key', 'boolean', '"true"'],
        ],
      ],
      withConfig('switch'),
    ));
});

describe('expressions', () => {
  checkAll(
    [
      [
        'unknown name',
        '- { id: a, type: transform, config: { output: "{{ inptu.x }}" } }',
        ['6:55 unknown-name', 'inptu', 'input'],
      ],
      [
        'unknown function',
        '- { id: a, type: transform, config: { output: "{{ sizee(input) }}" } }',
        ['6:55 unknown-function', 'sizee', 'size'],
      ],
      [
        'step that comes later',
        '- { id: a, type: transform, config: { output: "{{ b.output }}" } }\n- { id: b, type: start }',
        ['6:55 not-upstream', 'b'],
      ],
      [
        'braces never closed',
        '- { id: a, type: transform, config: { output: "{{ input.x" } }',
        ['6:52 unterminated-template'],
      ],
      [
        'in a block of text',
        '- id: a\n  type: transform\n  config:\n    output: |\n      one\n      two {{ zz }}',
        ['11:18 unknown-name', 'zz'],
      ],
      ['in when', '- { id: a, type: start, when: "zz == 1" }', ['6:36 unknown-name', 'zz']],
      ['in forEach', '- { id: a, type: start, forEach: "{{ zz }}" }', ['6:42 unknown-name', 'zz']],
      [
        'item outside a fan-out',
        '- { id: a, type: transform, config: { output: "{{ item }}" } }',
        ['6:55 item-outside-for-each', 'item'],
      ],
    ],
    withSteps,
  );
});

describe('phases', () => {
  const wrap = (phases: string): string =>
    `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n  phases:\n${phases.replaceAll(/^/gm, '    ')}`;
  checkAll(
    [
      ['no name', '- steps: [{ id: a, type: start }]', ['6:7 missing-field', '"name"']],
      ['no steps', '- name: p', ['6:7 missing-field', '"steps"']],
      [
        'step instead of steps',
        '- name: p\n  step: [{ id: a, type: start }]',
        ['7:7 unknown-field', '"step"', '"steps"'],
      ],
      [
        'phase twice',
        '- { name: p, steps: [{ id: a, type: start }] }\n- { name: p, steps: [{ id: b, type: start }] }',
        ['7:15 duplicate-phase', '"p"'],
      ],
      [
        'unknown phase',
        '- { name: p, needs: [q], steps: [{ id: a, type: start }] }',
        ['6:26 unknown-phase', '"q"'],
      ],
      [
        'phase in needs of a step',
        '- { name: p, steps: [{ id: a, type: start }] }\n- { name: q, steps: [{ id: b, type: start, needs: [p] }] }',
        ['7:56 unknown-need', '"p"', 'phase'],
      ],
    ],
    wrap,
  );
});
