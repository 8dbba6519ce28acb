import { configObject } from '../config-schema.ts';

export const switchConfig = configObject(
  {
    value: {
      description:
        'The value to decide by, usually one template. Text, numbers and booleans are compared ' +
        'with the cases as text.',
      type: ['string', 'number', 'boolean', 'null'],
    },
    cases: {
      description: 'Value → id of the step that follows when `value` equals it.',
      type: 'object',
      minProperties: 1,
      additionalProperties: { type: 'string', minLength: 1 },
    },
    default: {
      description: 'Id of the step that follows when no case matches; none: nothing follows.',
      type: 'string',
      minLength: 1,
    },
  },
  { required: ['value', 'cases'] },
);
