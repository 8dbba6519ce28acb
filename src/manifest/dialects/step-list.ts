import type { Json, JsonObject } from '../../expr/json.ts';
import type { Problem } from '../../graph/problem.ts';
import { closedObject, listOf } from '../schema/schema-text.ts';
import { retrySchema, stepSchema } from '../schema/step-schema.ts';
import { codeOfStep } from './step-code.ts';
import {
  type Converted,
  type Dialect,
  type DialectContext,
  given,
  workflowManifest,
} from './dialect.ts';
import { outputOf, slug } from './names.ts';
import { Origins } from './origins.ts';

const text: JsonObject = { type: 'string' };
const { timeout } = stepSchema['properties'] as { readonly [field: string]: JsonObject };

const schema = closedObject(
  'A list of steps, one after another.',
  {
    id: { ...text, minLength: 1, description: 'Id of the workflow.' },
    name: { ...text, minLength: 1, description: 'Title of the workflow.' },
    description: { ...text, description: 'What the workflow is for.' },
    icon: { ...text, description: 'Shown beside the title.' },
    input: { type: 'object', description: 'JSON Schema of the input.' },
    output: { description: 'Output of the run: any value with templates.' },
    steps: listOf(
      'The steps.',
      closedObject(
        'One step.',
        {
          name: { ...text, minLength: 1, description: 'Name of the step; also its id.' },
          type: {
            ...text,
            minLength: 1,
            description: 'With `config`: the node type. Without: a label for people.',
          },
          title: { ...text, description: 'Name for people.' },
          description: text,
          config: { type: 'object', description: 'Settings of the node type.' },
          timeout: timeout ?? text,
          retry: retrySchema,
        },
        { required: ['name', 'type'] },
      ),
      { minItems: 1 },
    ),
  },
  { required: ['steps'] },
);

/** `config.json` with a list of steps, and their code beside it. */
export const stepList: Dialect = {
  name: 'step list',
  shape: '{id, name, steps: [{name, type}]} with the steps’ code beside it',
  matches: (document) => Array.isArray(document['steps']),
  schema,
  convert: (document, context) => [convert(document, context)],
};

export interface ListedStep extends JsonObject {
  readonly name: string;
  readonly type: string;
}

function convert(document: JsonObject, context: DialectContext): Converted {
  const listed = document['steps'] as readonly ListedStep[];
  const problems: Problem[] = [];
  const origins = new Origins()
    .set(['metadata', 'name'], [document['id'] === undefined ? 'name' : 'id'])
    .set(['spec', 'input'], ['input'])
    .set(['spec', 'output'], ['output']);
  const annotations: { [name: string]: string } = {};
  if (typeof document['icon'] === 'string') annotations['behest.dev/icon'] = document['icon'];
  const steps = listed.map((step, index) => {
    origins.set(['spec', 'steps', index], ['steps', index]);
    origins.set(['spec', 'steps', index, 'id'], ['steps', index, 'name']);
    const before = listed[index - 1];
    const previous = before === undefined ? '{{ input }}' : outputOf(before.name);
    const canonical = stepOf(step, { index, previous, context, problems });
    if (canonical['type'] !== step.type)
      annotations[`behest.dev/step-type.${step.name}`] = step.type;
    return canonical;
  });
  const { id, name, description, input, output } = document;
  const named = [id, name].find((each) => typeof each === 'string') ?? context.fallbackName;
  const manifest = workflowManifest({
    name: slug(named),
    annotations,
    spec: { title: name, description, input, steps, output },
  });
  return { manifest, origins, problems };
}

interface Place {
  readonly index: number;
  readonly previous: string;
  readonly context: DialectContext;
  readonly problems: Problem[];
}

function stepOf(step: ListedStep, place: Place): JsonObject {
  const { name, type, title, config, timeout: limit, retry } = step;
  const common = { id: name, name: title, timeout: limit, retry };
  if (config !== undefined) return given({ ...common, type, config });
  const found = codeOfStep(step, place);
  if (found.kind === 'code') {
    const code: Json = found.config;
    return given({ ...common, type: 'code', config: code });
  }
  if (type === 'start' || type === 'end') return given({ id: name, name: title, type });
  place.problems.push(found.problem);
  return given({ id: name, name: title, type: 'start' });
}
