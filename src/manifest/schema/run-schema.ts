import type { JsonObject } from '../../expr/json.ts';
import { metadataSchema } from './metadata-schema.ts';
import { closedObject, nameField } from './schema-text.ts';

export const runSchema: JsonObject = closedObject(
  'Declares that one run of a workflow shall exist. Each change of its spec declares another.',
  {
    apiVersion: { description: 'Version of the format.', const: 'behest.dev/v1' },
    kind: { description: 'Kind of the object.', const: 'Run' },
    metadata: metadataSchema,
    spec: closedObject(
      'Which workflow runs, and with what.',
      {
        workflow: nameField('Name of the workflow, in the same namespace.'),
        input: {
          description: 'Input of the run; must obey the workflow’s input schema.',
          default: {},
        },
        onDelete: {
          description:
            'What becomes of an unfinished run when this manifest is removed: `cancel` it, or `keep` it.',
          enum: ['cancel', 'keep'],
          default: 'keep',
        },
      },
      { required: ['workflow'] },
    ),
  },
  { required: ['apiVersion', 'kind', 'metadata', 'spec'] },
);
