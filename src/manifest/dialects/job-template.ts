import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import type { Path, Problem } from '../../graph/problem.ts';
import { closedObject, listOf } from '../schema/schema-text.ts';
import {
  type Converted,
  type Dialect,
  type DialectContext,
  problem,
  workflowManifest,
} from './dialect.ts';
import { outputOf, slug, snake, titleOfConstant } from './names.ts';
import { Origins } from './origins.ts';

const text: JsonObject = { type: 'string' };

const templateSchema = closedObject(
  'Jobs, one after another.',
  {
    name: { ...text, minLength: 1, description: 'Title of the workflow; its id is made of it.' },
    description: { ...text, description: 'What the workflow is for.' },
    input: { type: 'object', description: 'JSON Schema of the input.' },
    jobs: listOf(
      'The jobs: each is a phase.',
      closedObject(
        'One job.',
        {
          name: { ...text, minLength: 1, description: 'Title of the phase.' },
          function: {
            ...text,
            pattern: '^[A-Za-z_][\\w-]*(\\.[A-Za-z_]\\w*)+$',
            description:
              '`file.function`: a function of a Python or JavaScript file beside this one.',
          },
        },
        { required: ['name', 'function'] },
      ),
      { minItems: 1 },
    ),
  },
  { required: ['jobs'] },
);

/** One template. */
export const jobTemplate: Dialect = {
  name: 'job template',
  shape: '{jobs: [{name, function}]}',
  matches: (document) => Array.isArray(document['jobs']),
  schema: templateSchema,
  convert: (document, context) => [convert(document, { context, path: [] })],
};

/** A map of templates by name, each a workflow of its own. */
export const jobTemplates: Dialect = {
  name: 'job templates',
  shape: '{NAME: {jobs: [{name, function}]}, …}',
  matches: (document) => {
    const values = Object.values(document);
    return (
      values.length > 0 && values.every((each) => isJsonObject(each) && Array.isArray(each['jobs']))
    );
  },
  schema: { type: 'object', additionalProperties: templateSchema },
  convert: (document, context) =>
    Object.entries(document).map(([key, template]) =>
      convert(isJsonObject(template) ? template : {}, { context, path: [key], key }),
    ),
};

interface Place {
  readonly context: DialectContext;
  readonly path: Path;
  /** Name of the template in a map of templates. */
  readonly key?: string;
}

interface Job extends JsonObject {
  readonly name: string;
  readonly function: string;
}

function convert(template: JsonObject, { context, path, key }: Place): Converted {
  const jobs = template['jobs'] as readonly Job[];
  const origins = new Origins();
  const problems: Problem[] = [];
  const ids = stepIds(jobs);
  const phases = jobs.map((job, index): Json => {
    const written = [...path, 'jobs', index];
    origins.set(['spec', 'phases', index], written);
    origins.set(['spec', 'phases', index, 'steps', 0, 'id'], [...written, 'name']);
    origins.set(['spec', 'phases', index, 'steps', 0, 'config'], [...written, 'function']);
    const before = ids[index - 1];
    const previous = before === undefined ? '{{ input }}' : outputOf(before);
    const found = functionOf(job, { path: written, context, problems });
    const step = { id: ids[index] ?? '', type: 'code', config: { ...found, input: previous } };
    return { name: slug(job.name), title: job.name, steps: [step] };
  });
  const given = typeof template['name'] === 'string' ? template['name'] : undefined;
  const title = given ?? (key === undefined ? undefined : titleOfConstant(key));
  origins.set(['metadata', 'name'], given === undefined ? path : [...path, 'name']);
  origins.set(['spec', 'input'], [...path, 'input']);
  const { description, input } = template;
  const manifest = workflowManifest({
    name: slug(key ?? given ?? context.fallbackName),
    spec: { title, description, input, phases },
  });
  return { manifest, origins, problems };
}

/** Step ids by the jobs' names. */
function stepIds(jobs: readonly Job[]): readonly string[] {
  return jobs.map(({ name }) => snake(name));
}

/** `import_assets.fetch` is the function `fetch` of `import_assets.py` or `import_assets.js`. */
function functionOf(
  job: Job,
  place: { readonly path: Path; readonly context: DialectContext; readonly problems: Problem[] },
): JsonObject {
  const dot = job.function.lastIndexOf('.');
  const base = job.function.slice(0, dot).replaceAll('.', '/');
  const name = job.function.slice(dot + 1);
  for (const [extension, language] of [
    ['py', 'python'],
    ['js', 'javascript'],
  ] as const) {
    const file = `${base}.${extension}`;
    const source = place.context.readFile(file);
    if (source === null) continue;
    if (!new RegExp(`\\b${name}\\b`).test(source)) {
      place.problems.push(noFunction(place.path, file, name));
    }
    return { language, file, function: name };
  }
  place.problems.push(
    problem([...place.path, 'function'], {
      code: 'missing-file',
      message: `There is no file "${base}.py" or "${base}.js" beside this file for "${job.function}".`,
      hint: `Add ${base}.py with a function ${name}(input).`,
    }),
  );
  return { language: 'python', file: `${base}.py`, function: name };
}

function noFunction(path: Path, file: string, name: string): Problem {
  return problem([...path, 'function'], {
    code: 'missing-function',
    message: `"${file}" has no function "${name}".`,
    hint: `Add "def ${name}(input):" to it.`,
  });
}
