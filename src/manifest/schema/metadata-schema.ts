import type { JsonObject } from '../../expr/json.ts';
import { closedObject, nameField } from './schema-text.ts';

const texts: JsonObject = { type: 'object', additionalProperties: { type: 'string' } };

export const metadataSchema: JsonObject = closedObject(
  'What identifies and describes the object.',
  {
    name: nameField(
      'Name of the object, unique in its namespace for its kind: lower-case letters, digits and dashes.',
    ),
    namespace: {
      ...nameField('Namespace; holds workflows, runs, secrets and permissions apart.'),
      default: 'default',
    },
    labels: {
      type: 'object',
      additionalProperties: {
        description: 'Short text to select by; longer ones are annotations.',
        type: 'string',
        maxLength: 253,
      },
      maxProperties: 64,
      description: 'Labels to select by: `behest get workflows -l domain=assets`.',
      default: {},
    },
    annotations: {
      ...texts,
      description:
        'Notes for people and tools. `behest.dev/icon` is shown beside the title; ' +
        '`behest.dev/prune: disabled` keeps the object when its manifest is removed.',
      default: {},
    },
  },
  { required: ['name'] },
);
