import { configObject } from '../config-schema.ts';

export const transformConfig = configObject(
  {
    output: {
      description: 'Any value; templates in it are resolved. This is the output of the step.',
    },
  },
  { required: ['output'] },
);
