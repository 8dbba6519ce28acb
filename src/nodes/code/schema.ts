import { artifactReference } from '../artifact-reference.ts';
import { configObject, orTemplate } from '../config-schema.ts';

/** Relative, inside the folder, spelt in the one plain way. */
const OUTPUT_PATH = '^(?!\\.{1,2}(/|$))[^/\\\\]+(/(?!\\.{1,2}(/|$))[^/\\\\]+)*$';

export const codeConfig = configObject(
  {
    language: {
      description: 'Language of the code; by default that of the file’s name, else python.',
      enum: ['python', 'javascript'],
    },
    code: {
      description: 'The code itself. Braces in it are code, not templates.',
      type: 'string',
      minLength: 1,
    },
    file: {
      description: 'File of the workflow’s folder that holds the code.',
      type: 'string',
      minLength: 1,
    },
    function: {
      description: 'Name of the function to call; it may be async.',
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      default: 'process',
    },
    input: { description: 'Passed to the function as its only argument.' },
    input_mapping: orTemplate({
      description: 'Passed to the function by name: keyword arguments; in JavaScript one object.',
      type: 'object',
    }),
    files: {
      description:
        'Files of the workflow’s folder that the code may read (and Python may import), by the ' +
        'same relative path; references to artifacts (`{{ input.file }}`) by their names.',
      type: 'array',
      items: { anyOf: [{ type: 'string', minLength: 1 }, artifactReference] },
      default: [],
    },
    outputs: {
      description:
        'Files that the code writes, by relative path. Each is stored as an artifact, and the ' +
        'output is `{result, files}`.',
      type: 'array',
      items: { type: 'string', pattern: OUTPUT_PATH, maxLength: 255 },
      uniqueItems: true,
      maxItems: 32,
      default: [],
    },
    memoryMb: orTemplate({
      description: 'Memory limit, MiB.',
      type: 'integer',
      minimum: 64,
      maximum: 2048,
      default: 256,
    }),
    sandbox: {
      description:
        '`wasm`: WebAssembly, without host, network or environment. `none`: a plain process of ' +
        'python3 or node, only where the operator allows it.',
      enum: ['wasm', 'none'],
      default: 'wasm',
    },
  },
  {
    oneOf: [{ required: ['code'] }, { required: ['file'] }],
    not: { required: ['input', 'input_mapping'] },
  },
);
