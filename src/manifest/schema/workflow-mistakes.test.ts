import { describe } from 'vitest';
import { checkAll, withSpec, withSteps } from '../testing/check-text.ts';

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
        'reference to itself',
        'input: { $ref: "#" }',
        ['7:18 bad-schema', 'back to itself', '$defs'],
      ],
      [
        'references in a circle',
        'input: { $defs: { a: { allOf: [{ $ref: "#/$defs/b" }] }, b: { $ref: "#/$defs/a" } } }',
        ['7:42 bad-schema', 'itself'],
        ['7:71 bad-schema', 'itself'],
      ],
      ['dynamic reference', 'input: { $dynamicRef: "#a" }', ['7:25 bad-schema', 'pointers']],
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
