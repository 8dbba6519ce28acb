import type { JsonObject } from '../../expr/json.ts';
import { artifactReference } from '../artifact-reference.ts';
import { configObject, orTemplate } from '../config-schema.ts';

const MiB = 1024 * 1024;

const store: JsonObject = {
  description: 'Stores a content; the output is the reference to it.',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'content'],
  properties: {
    name: { description: 'File name of the artifact.', type: 'string', minLength: 1 },
    content: { description: 'Text as it is; any other value as indented JSON.' },
    encoding: orTemplate({
      description: 'What text in `content` is: the content itself, or its bytes as base64.',
      enum: ['utf8', 'base64'],
      default: 'utf8',
    }),
    mediaType: {
      description: 'Media type; default: what the extension of the name suggests.',
      type: 'string',
      minLength: 1,
    },
  },
};

export const artifactConfig = configObject(
  {
    store,
    fetch: orTemplate({
      ...artifactReference,
      description: 'Reference to the artifact whose content is the output.',
    }),
    as: orTemplate({
      description: 'With `fetch`: the form in which the content is given.',
      enum: ['text', 'json', 'base64'],
      default: 'text',
    }),
    maxBytes: orTemplate({
      description: 'With `fetch`: a larger artifact fails the step with code `limit`.',
      type: 'integer',
      minimum: 1,
      maximum: 32 * MiB,
      default: 16 * MiB,
    }),
  },
  { oneOf: [{ required: ['store'] }, { required: ['fetch'] }] },
);
