import { configObject } from '../config-schema.ts';

export const workflowConfig = configObject(
  {
    workflow: { description: 'Name of the workflow to run.', type: 'string', minLength: 1 },
    namespace: {
      description: 'Namespace of that workflow; by default the namespace of this run.',
      type: 'string',
      minLength: 1,
    },
    input: {
      description: 'Input of the child run; templates in it are resolved.',
      default: {},
    },
  },
  { required: ['workflow'] },
);
