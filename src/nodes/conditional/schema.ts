import { configObject } from '../config-schema.ts';

export const conditionalConfig = configObject(
  {
    condition: {
      description:
        'CEL condition; every {{ expression }} in it reads as (expression). Must yield true or false.',
      type: 'string',
      minLength: 1,
    },
    true_edge: {
      description: 'Id of the step that follows when the condition holds; none: nothing follows.',
      type: 'string',
      minLength: 1,
    },
    false_edge: {
      description: 'Id of the step that follows when it does not hold; none: nothing follows.',
      type: 'string',
      minLength: 1,
    },
  },
  { required: ['condition'] },
);
