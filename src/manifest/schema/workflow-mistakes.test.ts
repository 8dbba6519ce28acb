import { describe } from 'vitest';
import { checkAll, withConfig, withSpec, withSteps } from '../testing/check-text.ts';

const good = 'spec: { steps: [{ id: a, type: start }] }\n';

describe('what a document is', () => {
  checkAll([
    ['a list', '- a', ['1:1 not-a-manifest', 'found a list', 'behest.dev/v1']],
    ['text', 'hello', ['1:1 not-a-manifest', 'the string "hello"', 'step list']],
    [
      'no known shape',
      'name: x\nfoo: 1',
      ['1:1 not-a-manifest', 'none of the known', 'graph {name'],
    ],
    ['misspelt shape', 'name: x\nnode: []', ['2:1 not-a-manifest', '"node"', '"nodes"']],
    [
      'no apiVersion',
      `kind: Workflow\n${good}`,
      ['1:1 missing-field', '"apiVersion"', 'behest.dev/v1'],
    ],
    [
      'other apiVersion',
      `apiVersion: behest.dev/v2\nkind: Workflow\n${good}`,
      ['1:13 unknown-api-version', '"behest.dev/v1"', 'Write'],
    ],
    [
      'apiVersion of something else',
      'apiVersion: apps/v1\nkind: Deployment\n',
      ['1:13 unknown-api-version', 'apps/v1'],
    ],
    ['no kind', `apiVersion: behest.dev/v1\n${good}`, ['1:1 missing-field', '"kind"', 'Run']],
    [
      'misspelt kind',
      `apiVersion: behest.dev/v1\nkind: Workflo\n${good}`,
      ['2:7 unknown-kind', 'Workflo', '"Workflow"'],
    ],
    [
      'kind of the wrong type',
      `apiVersion: behest.dev/v1\nkind: 3\n`,
      ['2:7 unknown-kind', 'number 3', 'The kinds are'],
    ],
    [
      'kind that is planned',
      'apiVersion: behest.dev/v1\nkind: Secret\n',
      ['2:7 not-supported-yet', '"Secret"', 'environment'],
    ],
    [
      'no metadata',
      `apiVersion: behest.dev/v1\nkind: Workflow\n${good}`,
      ['1:1 missing-field', '"metadata"'],
    ],
    [
      'no name',
      `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: {}\n${good}`,
      ['3:1 missing-field', '"name"', 'lower-case'],
    ],
    [
      'name with capitals',
      `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: My_Flow }\n${good}`,
      ['3:19 wrong-form', '"My_Flow"', 'letter or digit'],
    ],
    [
      'name that is a number',
      `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: 12 }\n${good}`,
      ['3:19 wrong-type', 'number 12', '"12"'],
    ],
    [
      'label that is a number',
      `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w, labels: { a: 1 } }\n${good}`,
      ['3:35 wrong-type', 'number 1', 'quotes: "1"'],
    ],
    [
      'misspelt metadata',
      `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w, label: {} }\n${good}`,
      ['3:22 unknown-field', '"label"', '"labels"'],
    ],
    [
      'no spec',
      'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }',
      ['1:1 missing-field', '"spec"'],
    ],
    [
      'empty spec',
      'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec: {}',
      ['4:1 missing-field', '"steps" or "phases"'],
    ],
    [
      'spec is null',
      'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:',
      ['4:1 wrong-type', 'an object, found null'],
    ],
    [
      'field beside spec',
      `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\n${good}status: {}`,
      ['5:1 unknown-field', '"status"', 'Allowed here'],
    ],
  ]);
});

describe('fields of a workflow', () => {
  checkAll(
    [
      ['misspelt field', 'titel: x', ['7:3 unknown-field', '"titel"', '"title"']],
      [
        'steps and phases',
        'phases: [{ name: p, steps: [{ id: b, type: start }] }]',
        ['4:1 conflicting-fields', '"steps", "phases"', 'Keep one'],
      ],
      [
        'concurrency',
        'concurrency: { limit: 1 }',
        ['7:3 not-supported-yet', '"concurrency"', 'maxParallel'],
      ],
      ['retention', 'retention: 7d', ['7:3 not-supported-yet', '"retention"']],
      ['budget', 'budget: { tokens: 1 }', ['7:3 not-supported-yet', '"budget"', 'timeout']],
      ['priority', 'priority: 1', ['7:3 not-supported-yet', '"priority"', 'queue']],
      [
        'schedule trigger',
        'triggers: [{ name: t, schedule: { cron: x } }]',
        ['7:25 not-supported-yet', '"schedule"', 'Run manifest'],
      ],
      [
        'webhook trigger',
        'triggers: [{ name: t, webhook: {} }]',
        ['7:25 not-supported-yet', '"webhook"', 'execute'],
      ],
      [
        'event trigger',
        'triggers: [{ name: t, event: {} }]',
        ['7:25 not-supported-yet', '"event"'],
      ],
      [
        'trigger without a kind',
        'triggers: [{ name: t }]',
        ['7:16 missing-field', '"apply"', 'new version'],
      ],
      ['trigger without a name', 'triggers: [{ apply: {} }]', ['7:16 missing-field', '"name"']],
      [
        'two apply triggers',
        'triggers: [{ name: a, apply: {} }, { name: b, apply: {} }]',
        ['7:40 duplicate-trigger', '"b"', 'Remove'],
      ],
      [
        'trigger input against the schema',
        'input: { required: [url] }\ntriggers: [{ name: a, apply: {}, input: { x: 1 } }]',
        ['8:36 missing-field', '"url"'],
      ],
      ['timeout without a unit', 'timeout: 30', ['7:12 wrong-type', 'number 30', '30s']],
      ['timeout in words', 'timeout: an hour', ['7:12 wrong-form', 'duration', '1h30m']],
      [
        'resume condition with two fields',
        'resume: { when: [{ http: a, secret: b }] }',
        ['7:22 conflicting-fields', '"http", "secret", "expr"'],
      ],
      ['resume condition with none', 'resume: { when: [{}] }', ['7:20 missing-field', 'One of']],
      [
        'resume attempts below zero',
        'resume: { maxAttempts: -1 }',
        ['7:26 out-of-range', 'at least 0', 'Resumptions'],
      ],
      [
        'resume attempts in text',
        'resume: { maxAttempts: "3" }',
        ['7:26 wrong-type', 'a whole number', 'Remove the quotes: 3'],
      ],
      ['title that is a list', 'title: [a]', ['7:3 wrong-type', 'a string, found a list']],
      ['phases that are an object', 'onFailure: {}', ['7:3 wrong-type', 'a list, found an object']],
    ],
    withSpec,
  );
});

describe('the input schema', () => {
  checkAll(
    [
      ['unknown type', 'input: { type: objekt }', ['7:18 bad-schema', 'objekt', '"object"']],
      [
        'unknown type deep inside',
        'input: { properties: { a: { items: { type: int } } } }',
        ['7:46 bad-schema', '"int"', 'The types are'],
      ],
      [
        'required that is no list',
        'input: { required: url }',
        ['7:22 bad-schema', 'required', '2020-12'],
      ],
      [
        'broken pattern',
        'input: { properties: { a: { pattern: "(" } } }',
        ['7:40 bad-schema', 'regular expression', 'Escape'],
      ],
      [
        'unknown format',
        'input: { properties: { a: { format: urii } } }',
        ['7:39 bad-schema', 'urii', '"uri"'],
      ],
      [
        'remote reference',
        'input: { $ref: "https://example.com/x.json" }',
        ['7:18 remote-ref', 'leads out', '$defs'],
      ],
      [
        'reference to a file',
        'input: { properties: { a: { $ref: ./a.json } } }',
        ['7:37 remote-ref', './a.json'],
      ],
      [
        'reference to nowhere',
        'input: { $ref: "#/$defs/a" }',
        ['7:18 bad-schema', 'nowhere', '$defs'],
      ],
      [
        'older draft',
        'input: { $schema: "http://json-schema.org/draft-07/schema#" }',
        ['7:21 bad-schema', '2020-12', 'Remove'],
      ],
      ['two at once', 'input: { type: x, required: y }', ['7:18 bad-schema'], ['7:31 bad-schema']],
      [
        'a schema that is text',
        'input: string',
        ['7:10 wrong-type', 'an object, found the string'],
      ],
    ],
    withSpec,
  );
});

describe('fields of a step', () => {
  checkAll(
    [
      [
        'misspelt field',
        '- { id: a, type: start, need: [] }',
        ['6:29 unknown-field', '"need"', '"needs"'],
      ],
      [
        'field of another tool',
        '- { id: a, type: start, depends_on: [] }',
        ['6:29 unknown-field', '"depends_on"', 'Allowed here: id'],
      ],
      ['no id', '- { type: start }', ['6:9 missing-field', '"id"', 'unique']],
      ['misspelt id', '- { ids: a, type: start }', ['6:9 unknown-field', '"ids"', '"id"']],
      ['no type', '- { id: a }', ['6:9 missing-field', '"type"', 'Node type']],
      ['unknown type', '- { id: a, type: htp }', ['6:22 unknown-type', '"htp"', '"http"']],
      [
        'planned type',
        '- { id: a, type: approval }',
        ['6:22 not-supported-yet', '"approval"', 'wait'],
      ],
      [
        'planned field',
        '- { id: a, type: start, cache: {} }',
        ['6:29 not-supported-yet', '"cache"'],
      ],
      [
        'rate limit',
        '- { id: a, type: start, rateLimit: 1 }',
        ['6:29 not-supported-yet', '"rateLimit"', 'maxParallel'],
      ],
      ['id with a space', '- { id: a b, type: start }', ['6:13 wrong-form', '"a b"', '63']],
      [
        'reserved id',
        '- { id: input, type: start }',
        ['6:13 reserved-id', '"input"', 'input_step'],
      ],
      [
        'id twice',
        '- { id: a, type: start }\n- { id: a, type: end }',
        ['7:13 duplicate-id', '"a"', 'its own'],
      ],
      [
        'needs that is text',
        '- { id: a, type: start }\n- { id: b, type: end, needs: a }',
        ['7:34 wrong-type', 'a list', '[a]'],
      ],
      [
        'needs a step that is not there',
        '- { id: fetch, type: start }\n- { id: b, type: end, needs: [fecth] }',
        ['7:35 unknown-need', '"fecth"', '"fetch"'],
      ],
      ['needs itself', '- { id: a, type: start, needs: [a] }', ['6:37 self-need', 'itself']],
      [
        'cycle',
        '- { id: a, type: start, needs: [b] }\n- { id: b, type: end, needs: [a] }',
        ['6:29 cycle', 'a'],
      ],
      [
        'misspelt join',
        '- { id: a, type: start, join: al }',
        ['6:35 wrong-value', '"all", "any"', '"all"'],
      ],
      [
        'onError of another tool',
        '- { id: a, type: start, onError: ignore }',
        ['6:38 wrong-value', '"fail", "continue"'],
      ],
      [
        'maxParallel zero',
        '- { id: a, type: start, forEach: [1], maxParallel: 0 }',
        ['6:56 out-of-range', 'at least 1'],
      ],
      [
        'retry that is a number',
        '- { id: a, type: start, retry: 3 }',
        ['6:36 wrong-type', 'an object, found the number 3', 'retryable'],
      ],
      [
        'misspelt retry field',
        '- { id: a, type: start, retry: { attempts: 3 } }',
        ['6:38 unknown-field', '"attempts"', 'maxAttempts'],
      ],
      [
        'no attempt at all',
        '- { id: a, type: start, retry: { maxAttempts: 0 } }',
        ['6:51 out-of-range', 'at least 1', 'first included'],
      ],
      [
        'jitter over one',
        '- { id: a, type: start, retry: { jitter: 2 } }',
        ['6:46 out-of-range', 'at most 1'],
      ],
      [
        'half an attempt',
        '- { id: a, type: start, retry: { maxAttempts: 1.5 } }',
        ['6:51 wrong-type', 'whole number', 'Attempts'],
      ],
      [
        'when that is a number',
        '- { id: a, type: start, when: 1 }',
        ['6:35 wrong-type', 'a string', '"1"'],
      ],
      [
        'forEach that is an object',
        '- { id: a, type: start, forEach: {} }',
        ['6:29 wrong-type', 'a string or a list'],
      ],
      ['step that is text', '- start', ['6:7 wrong-type', 'an object, found the string "start"']],
      ['no steps in the list', '[]', ['5:3 out-of-range', 'at least one item']],
      [
        'config that is a list',
        '- { id: a, type: start, config: [] }',
        ['6:29 wrong-type', 'an object, found an empty list'],
      ],
      [
        'no config where one is needed',
        '- { id: a, type: http }',
        ['6:9 missing-field', '"config"', '"url"'],
      ],
    ],
    withSteps,
  );
});

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
        [
          'file by a template',
          'file: "{{ input.f }}"',
          ['9:15 missing-file', 'input.f', 'plain path'],
        ],
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
