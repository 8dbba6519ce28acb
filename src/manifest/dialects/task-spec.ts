import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import { closedObject, listOf, STEP_ID_PATTERN } from '../schema/schema-text.ts';
import {
  type Converted,
  type Dialect,
  type DialectContext,
  given,
  workflowManifest,
} from './dialect.ts';
import { slug } from './names.ts';
import { Origins } from './origins.ts';

const text: JsonObject = { type: 'string' };

const schema = closedObject(
  'Tasks and what they depend on.',
  {
    id: { ...text, description: 'Id of the workflow; by default made of its name.' },
    name: { ...text, minLength: 1, description: 'Title of the workflow; its id is made of it.' },
    description: { ...text, description: 'What the workflow is for.' },
    input: { type: 'object', description: 'Input of the run; kept as the defaults of the input.' },
    tasks: listOf(
      'The tasks.',
      closedObject(
        'One task.',
        {
          id: { ...text, pattern: STEP_ID_PATTERN, description: 'Id of the task.' },
          name: { ...text, description: 'Name for people.' },
          tool: { ...text, minLength: 1, description: 'Node type.' },
          agent: { ...text, minLength: 1, description: 'Name of an agent: an llm step.' },
          config: { type: 'object', description: 'Settings of the node type.' },
          depends_on: listOf('Ids of the tasks that come first.', text, { default: [] }),
          retries: {
            description: 'Attempts after the first.',
            type: 'integer',
            minimum: 0,
            maximum: 99,
          },
          timeout: {
            description: 'Seconds that an attempt may take.',
            type: 'number',
            exclusiveMinimum: 0,
          },
        },
        { required: ['id'], oneOf: [{ required: ['tool'] }, { required: ['agent'] }] },
      ),
      { minItems: 1 },
    ),
  },
  { required: ['tasks'] },
);

/** Tasks with a tool or an agent, dependencies, retries and a timeout. */
export const taskSpec: Dialect = {
  name: 'task spec',
  shape: '{name, tasks: [{id, tool, config, depends_on}]}',
  matches: (document) => Array.isArray(document['tasks']),
  schema,
  convert: (document, context) => [convert(document, context)],
};

interface Task extends JsonObject {
  readonly id: string;
}

function convert(document: JsonObject, context: DialectContext): Converted {
  const tasks = document['tasks'] as readonly Task[];
  const origins = new Origins()
    .set(['metadata', 'name'], ['name'])
    .set(['spec', 'input'], ['input']);
  const steps = tasks.map((task, index) => {
    const at = ['spec', 'steps', index];
    const written = ['tasks', index];
    origins.set(at, written).set([...at, 'needs'], [...written, 'depends_on']);
    origins.set([...at, 'type'], [...written, 'tool' in task ? 'tool' : 'agent']);
    origins.set([...at, 'retry'], [...written, 'retries']);
    return stepOf(task);
  });
  const { id, name, description, input } = document;
  const named = [id, name].find((each) => typeof each === 'string') ?? context.fallbackName;
  const manifest = workflowManifest({
    name: slug(named),
    spec: { title: name, description, input: defaultsOf(input), steps },
  });
  return { manifest, origins, problems: [] };
}

function stepOf(task: Task): JsonObject {
  const { id, name, tool, agent, config, depends_on: needs, retries, timeout } = task;
  return given({
    id,
    name: name ?? agent,
    type: typeof tool === 'string' ? tool : 'llm',
    config,
    needs: needs ?? [],
    retry: typeof retries === 'number' ? { maxAttempts: retries + 1 } : undefined,
    timeout:
      typeof timeout === 'number' ? `${Math.max(1, Math.round(timeout * 1000))}ms` : undefined,
  });
}

/** The input given with the tasks, as a schema whose fields default to it. */
function defaultsOf(input: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(input)) return undefined;
  const fields = Object.entries(input).map(([name, value]) => [name, { default: value }]);
  return { type: 'object', properties: Object.fromEntries(fields) };
}
