import type { JsonObject } from '../../expr/json.ts';
import { closedObject, durationField, listOf, ref, STEP_ID_PATTERN } from './schema-text.ts';

export const retrySchema: JsonObject = closedObject(
  'How often, and how far apart, the step is tried again after a retryable error.',
  {
    maxAttempts: {
      description:
        'Attempts in all, the first included. Steps that the controller settles itself have 1.',
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 3,
    },
    initialDelay: durationField('Pause before the second attempt.', { default: '1s' }),
    maxDelay: durationField('Longest pause between two attempts.', { default: '1m' }),
    factor: {
      description: 'Each pause is this many times the one before.',
      type: 'number',
      minimum: 1,
      maximum: 10,
      default: 2,
    },
    jitter: {
      description: '0.2 spreads each pause by ±20 %, so that many steps do not retry as one.',
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.2,
    },
  },
);

/** Every field of a step; `config` obeys the schema of the step's type besides. */
export const stepSchema: JsonObject = closedObject(
  'One unit of work.',
  {
    id: {
      description:
        'Id of the step, unique in the workflow. Expressions read its output as `<id>.output`.',
      type: 'string',
      pattern: STEP_ID_PATTERN,
    },
    name: { description: 'Name for people; by default the id.', type: 'string' },
    type: { description: 'Node type: what the step does.', type: 'string' },
    config: {
      description: 'Settings of the node type. Strings may hold templates: `{{ input.url }}`.',
      type: 'object',
      default: {},
    },
    needs: listOf(
      'Ids of the steps that must end before this one starts. By default the step before it in ' +
        'the list; `[]` starts at once.',
      { type: 'string', minLength: 1 },
    ),
    join: {
      description:
        '`all`: every needed step completed, a skipped one skips this one. `any`: the first ' +
        'completed one is enough.',
      enum: ['all', 'any'],
      default: 'all',
    },
    when: {
      description: 'Condition (CEL); the step is skipped when it does not hold.',
      type: 'string',
      minLength: 1,
    },
    forEach: {
      description:
        'A list, or a template that yields one: the step runs once for each item, with `item` ' +
        'and `index` in scope. Its output is the list of outputs in order.',
      type: ['string', 'array'],
    },
    maxParallel: {
      description: 'Items that run at the same time, with `forEach`.',
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 1000,
    },
    retry: ref('retry'),
    timeout: durationField('Time limit of one attempt. By default that of the node type.'),
    onError: {
      description:
        '`fail`: a failed step fails the run. `continue`: the run goes on, and the step’s output is null.',
      enum: ['fail', 'continue'],
      default: 'fail',
    },
    queue: {
      description: 'Queue of the runners that may take the step.',
      type: 'string',
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      default: 'default',
    },
  },
  { required: ['id', 'type'] },
);
