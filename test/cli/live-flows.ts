/** A workflow with these steps, each in one line of YAML. */
export function workflow(name: string, ...steps: string[]): string {
  return [
    'apiVersion: behest.dev/v1',
    'kind: Workflow',
    `metadata: { name: ${name} }`,
    'spec:',
    '  steps:',
    ...steps.map((step) => `    - ${step}`),
    '',
  ].join('\n');
}

const talk = [
  'export async function process() {',
  '  for (let i = 0; i < 100; i++) {',
  '    log(`line ${i}`);',
  '    for (const end = Date.now() + 150; Date.now() < end; );',
  '  }',
  '}',
];

/** What the server of the live tests declares. */
export const liveFlows: Readonly<Record<string, string>> = {
  hello: [
    'apiVersion: behest.dev/v1',
    'kind: Workflow',
    'metadata: { name: hello, labels: { team: a } }',
    'spec:',
    '  input:',
    '    type: object',
    '    additionalProperties: false',
    '    required: [name]',
    '    properties: { name: { type: string }, times: { type: integer, default: 1 } }',
    '  steps:',
    '    - { id: greet, type: transform, config: { output: "hi {{ input.name }}" } }',
    '  output: { said: "{{ greet.output }}", times: "{{ input.times }}" }',
    '',
  ].join('\n'),
  slow: workflow(
    'slow',
    `{ id: talk, type: code, config: { language: javascript, code: ${JSON.stringify(talk.join('\n'))} } }`,
  ),
  nap: workflow('nap', '{ id: nap, type: wait, config: { duration: 1h } }'),
  broken: workflow(
    'broken',
    '{ id: first, type: transform, config: { output: 1 } }',
    `{ id: boom, type: code, config: { language: javascript, code: "throw new Error('kaputt')" } }`,
  ),
  picky: workflow(
    'picky',
    '{ id: before, type: transform, config: { output: "{{ input.value }}" } }',
    `{ id: check, type: code, config: { language: javascript, input: "{{ before.output }}", code: "export const process = (value) => { if (value === 'bad') throw new Error(value); return value }" } }`,
  ),
  flaky: [
    'apiVersion: behest.dev/v1',
    'kind: Workflow',
    'metadata: { name: flaky }',
    'spec:',
    '  resume: { every: 1h }',
    '  steps:',
    '    - { id: call, type: http, retry: { maxAttempts: 1 }, config: { url: "{{ input.url }}" } }',
    '',
  ].join('\n'),
};
