import type { JsonObject } from '../../expr/json.ts';
import { artifactReference } from '../artifact-reference.ts';
import { configObject, orTemplate } from '../config-schema.ts';

const scalar: JsonObject = { type: ['string', 'number', 'boolean', 'null'] };

const multipartFile: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { description: 'Name of the form field.', type: 'string', minLength: 1 },
    file: {
      description: 'One of the paths in `files`, or the reference to an artifact.',
      anyOf: [{ type: 'string', minLength: 1 }, artifactReference],
    },
    content: { description: 'The content itself, as text.', type: 'string' },
    contentBase64: { description: 'The content itself, as base64.', type: 'string' },
    filename: { description: 'File name to send; default: the name of `file`.', type: 'string' },
    contentType: {
      description:
        'Media type of the content; default: that of the artifact, else application/octet-stream.',
      type: 'string',
    },
  },
  oneOf: [{ required: ['file'] }, { required: ['content'] }, { required: ['contentBase64'] }],
};

const response: JsonObject = {
  description: 'What is made of the response.',
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    parse: {
      description:
        '`auto` goes by the content type: JSON is parsed, text is text, everything else is base64.',
      enum: ['auto', 'json', 'text', 'base64'],
      default: 'auto',
    },
    maxBytes: orTemplate({
      description: 'A longer body fails the step with code `limit`.',
      type: 'integer',
      minimum: 1,
      maximum: 64 * 1024 * 1024,
      default: 16 * 1024 * 1024,
    }),
    expectStatus: orTemplate({
      description:
        'Status codes that count as success; any other fails the step. Default: every 2xx and 3xx.',
      type: 'array',
      items: { type: 'integer', minimum: 100, maximum: 599 },
      minItems: 1,
    }),
    extract: {
      description:
        'Name → JSON Pointer into the body. The values found stand in the output under ' +
        '`extracted`; what is not there is null.',
      type: 'object',
      additionalProperties: { type: 'string', pattern: '^(/.*)?$' },
    },
  },
};

export const httpConfig = configObject(
  {
    url: {
      description: 'Address: http or https. One that begins with `/` is a path on this server.',
      type: 'string',
      minLength: 1,
    },
    method: orTemplate({
      description: 'Request method.',
      enum: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      default: 'GET',
    }),
    headers: orTemplate({
      description: 'Request headers by name; null leaves one out.',
      type: 'object',
      additionalProperties: scalar,
      default: {},
    }),
    query: orTemplate({
      description: 'Added to the query of the URL. A list repeats its name; null leaves it out.',
      type: 'object',
      additionalProperties: { anyOf: [scalar, { type: 'array', items: scalar }] },
      default: {},
    }),
    body: {
      description: 'Any value: text is sent as text/plain, everything else as application/json.',
    },
    bodyFile: {
      description: 'File of the workflow’s folder whose bytes are the body.',
      type: 'string',
      minLength: 1,
    },
    form: orTemplate({
      description: 'Fields sent as application/x-www-form-urlencoded. A list repeats its name.',
      type: 'object',
      additionalProperties: { anyOf: [scalar, { type: 'array', items: scalar }] },
    }),
    multipart: {
      description: 'Fields and files sent as multipart/form-data.',
      type: 'object',
      additionalProperties: false,
      properties: {
        fields: orTemplate({
          description: 'Plain fields by name.',
          type: 'object',
          additionalProperties: scalar,
          default: {},
        }),
        files: {
          description: 'Files to attach.',
          type: 'array',
          items: multipartFile,
          default: [],
        },
      },
    },
    files: {
      description: 'Files of the workflow’s folder that `multipart.files` may name.',
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
    },
    auth: {
      description: 'Credentials: `{basic: {username, password}}` or `{bearer: token}`.',
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: {
        basic: {
          type: 'object',
          additionalProperties: false,
          required: ['username', 'password'],
          properties: {
            username: { description: 'User name.', type: 'string' },
            password: { description: 'Password; use a secret.', type: 'string' },
          },
        },
        bearer: { description: 'Token; use a secret.', type: 'string', minLength: 1 },
      },
    },
    followRedirects: orTemplate({
      description:
        'Follow up to five redirects. Credentials are not carried to another origin, and each ' +
        'address is checked anew.',
      type: 'boolean',
      default: true,
    }),
    response,
  },
  {
    required: ['url'],
    // At most one form of body.
    allOf: [
      { not: { required: ['body', 'form'] } },
      { not: { required: ['body', 'multipart'] } },
      { not: { required: ['body', 'bodyFile'] } },
      { not: { required: ['form', 'multipart'] } },
      { not: { required: ['form', 'bodyFile'] } },
      { not: { required: ['multipart', 'bodyFile'] } },
    ],
  },
);

export const httpOutput: JsonObject = {
  type: 'object',
  required: ['status', 'headers', 'body', 'url', 'durationMs'],
  properties: {
    status: { type: 'integer' },
    headers: {
      description: 'Lower-case names; a header that came more than once is joined by commas.',
      type: 'object',
      additionalProperties: { type: 'string' },
    },
    body: { description: 'Parsed as `response.parse` says; null when empty.' },
    url: { description: 'The address that answered, after redirects.', type: 'string' },
    durationMs: { type: 'integer' },
    extracted: { description: 'Present with `response.extract`.', type: 'object' },
  },
};
