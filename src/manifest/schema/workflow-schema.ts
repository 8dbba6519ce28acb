import type { JsonObject } from '../../expr/json.ts';
import { metadataSchema } from './metadata-schema.ts';
import {
  closedObject,
  durationField,
  listOf,
  nameField,
  ref,
  STEP_ID_PATTERN,
} from './schema-text.ts';

const steps = (description: string): JsonObject =>
  listOf(description, ref('step'), { minItems: 1 });

const triggerSchema: JsonObject = closedObject(
  'Starts a run of this workflow by itself.',
  {
    name: nameField('Name of the trigger, unique in the workflow.'),
    apply: closedObject('One run for each new version of this workflow.', {}),
    input: { description: 'Input of the run.' },
  },
  { required: ['name', 'apply'] },
);

const resumeSchema: JsonObject = closedObject(
  'What happens when a retryable error has spent its step’s retries: the run waits as ' +
    '`pending_retry` and is tried again from the failed step.',
  {
    every: durationField('Pause between two resumptions.', { default: '5m' }),
    maxAttempts: {
      description: 'Resumptions at the most; 0 fails the run at once.',
      type: 'integer',
      minimum: 0,
      maximum: 1000,
      default: 5,
    },
    when: listOf(
      'Conditions that must all hold for a resumption.',
      closedObject(
        'One condition: exactly one of its fields.',
        {
          http: { description: 'URL that must answer 2xx or 3xx.', type: 'string', minLength: 1 },
          secret: {
            description: 'Name of a secret that must exist.',
            type: 'string',
            minLength: 1,
          },
          expr: { description: 'Condition (CEL) over the run.', type: 'string', minLength: 1 },
        },
        { oneOf: [{ required: ['http'] }, { required: ['secret'] }, { required: ['expr'] }] },
      ),
      { default: [] },
    ),
  },
);

const phaseSchema: JsonObject = closedObject(
  'A named group of steps. A failed phase cancels those after it.',
  {
    name: {
      description: 'Name of the phase, unique in the workflow.',
      type: 'string',
      pattern: STEP_ID_PATTERN,
    },
    title: {
      description: 'Title for people; by default the name.',
      type: 'string',
      maxLength: 500,
    },
    needs: listOf(
      'Names of the phases that must end before this one. By default the phase before it; `[]` ' +
        'starts at once.',
      { type: 'string', minLength: 1 },
    ),
    steps: steps('Steps of the phase. A step needs the step before it unless it says otherwise.'),
  },
  { required: ['name', 'steps'] },
);

const specSchema: JsonObject = closedObject(
  'What the workflow does.',
  {
    title: {
      description: 'Title for people; by default the name.',
      type: 'string',
      maxLength: 500,
    },
    description: { description: 'What the workflow is for.', type: 'string', maxLength: 20_000 },
    input: {
      description:
        'JSON Schema (2020-12) of the input, checked before a run starts. Makes the form in the console.',
      type: 'object',
    },
    triggers: listOf('What starts runs by itself.', ref('trigger'), { default: [] }),
    timeout: durationField('Time limit of a whole run. By default without limit.'),
    resume: ref('resume'),
    phases: listOf(
      'Groups of steps, one after another. Either `phases` or `steps`.',
      ref('phase'),
      {
        minItems: 1,
      },
    ),
    steps: steps('The steps, when there is one phase. Either `phases` or `steps`.'),
    onFailure: steps('Steps that run after the run has failed.'),
    finally: steps('Steps that run at the end in any case.'),
    output: {
      description:
        'Output of the run: any value with templates. By default the outputs of the last steps by id.',
    },
  },
  { oneOf: [{ required: ['steps'] }, { required: ['phases'] }] },
);

/** `$defs` that the workflow schema refers to, besides `step` and `retry`. */
export const workflowDefs: { readonly [name: string]: JsonObject } = {
  trigger: triggerSchema,
  resume: resumeSchema,
  phase: phaseSchema,
};

export const workflowSchema: JsonObject = closedObject(
  'A workflow: every change of it makes a new immutable version.',
  {
    apiVersion: { description: 'Version of the format.', const: 'behest.dev/v1' },
    kind: { description: 'Kind of the object.', const: 'Workflow' },
    metadata: metadataSchema,
    spec: specSchema,
  },
  { required: ['apiVersion', 'kind', 'metadata', 'spec'] },
);
