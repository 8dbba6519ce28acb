import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import type { Path, Problem } from '../../graph/problem.ts';
import { unserved } from '../unserved.ts';
import { schemaCheck, type Check } from './check-schema.ts';
import { inlineRefs } from './inline.ts';
import { checkInputSchema } from './input-schema.ts';
import { needsConfig, type ConfigOwner } from './publish.ts';
import { runSchema } from './run-schema.ts';
import { retrySchema, stepSchema } from './step-schema.ts';
import { workflowDefs, workflowSchema } from './workflow-schema.ts';

/** Checks of canonical manifests by their schemas; paths are relative to the manifest. */
export interface ManifestChecks {
  readonly workflow: Check;
  /** As `workflow`, without the steps' configs and the input schema. */
  readonly structure: Check;
  readonly run: Check;
}

/** Compiled once for a set of node types, used for every manifest. */
export function manifestChecks(nodeTypes: ReadonlyMap<string, ConfigOwner>): ManifestChecks {
  const defs = { ...workflowDefs, step: stepSchema, retry: retrySchema };
  const structure = schemaCheck(inlineRefs(workflowSchema, defs));
  const configs = new Map<string, ConfigCheck>();
  for (const [type, { configSchema }] of nodeTypes) {
    configs.set(type, { check: schemaCheck(configSchema), schema: configSchema });
  }
  return {
    structure,
    workflow: (value) => [...structure(value), ...checkSteps(value, configs), ...checkInput(value)],
    run: schemaCheck(runSchema),
  };
}

interface ConfigCheck {
  readonly check: Check;
  readonly schema: JsonObject;
}

export interface PlacedStep {
  readonly step: JsonObject;
  readonly path: Path;
}

/** Every step of a workflow manifest, as far as the manifest has the right structure. */
export function stepsOf(manifest: Json): readonly PlacedStep[] {
  const spec = isJsonObject(manifest) ? manifest['spec'] : undefined;
  if (!isJsonObject(spec)) return [];
  const found: PlacedStep[] = [];
  for (const section of ['steps', 'onFailure', 'finally']) {
    found.push(...stepsIn(spec[section], ['spec', section]));
  }
  const phases = spec['phases'];
  if (!Array.isArray(phases)) return found;
  phases.forEach((phase: Json, index) => {
    if (!isJsonObject(phase)) return;
    found.push(...stepsIn(phase['steps'], ['spec', 'phases', index, 'steps']));
  });
  return found;
}

function stepsIn(list: Json | undefined, path: Path): readonly PlacedStep[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((step: Json, index) =>
    isJsonObject(step) ? [{ step, path: [...path, index] }] : [],
  );
}

/** Of 10,000 steps with mistakes nobody is told more than these. */
const MAX_PROBLEMS = 300;

function checkSteps(value: Json, configs: ReadonlyMap<string, ConfigCheck>): readonly Problem[] {
  const problems: Problem[] = [];
  for (const step of stepsOf(value)) {
    if (problems.length > MAX_PROBLEMS) break;
    problems.push(...checkStep(step, configs));
  }
  return problems;
}

function checkStep(
  { step, path }: PlacedStep,
  configs: ReadonlyMap<string, ConfigCheck>,
): readonly Problem[] {
  const { type, config } = step;
  if (typeof type !== 'string') return [];
  const known = configs.get(type);
  if (known === undefined) {
    const planned = unserved('type', type);
    return planned === undefined
      ? []
      : [{ severity: 'error', path: [...path, 'type'], ...planned }];
  }
  if (config === undefined) return checkAbsentConfig(type, path, known);
  if (!isJsonObject(config)) return [];
  return known.check(config).map((problem) => ({
    ...problem,
    path: [...path, 'config', ...problem.path],
  }));
}

function checkAbsentConfig(
  type: string,
  path: Path,
  { check, schema }: ConfigCheck,
): readonly Problem[] {
  if (!needsConfig(schema) || check({}).length === 0) return [];
  const messages = check({}).map(({ message }) => message);
  return [
    {
      code: 'missing-field',
      severity: 'error',
      path,
      message: `A step of type "${type}" needs the field "config".`,
      hint: messages.join(' '),
    },
  ];
}

function checkInput(value: Json): readonly Problem[] {
  const spec = isJsonObject(value) ? value['spec'] : undefined;
  const input = isJsonObject(spec) ? spec['input'] : undefined;
  if (!isJsonObject(input)) return [];
  return checkInputSchema(input).map((problem) => ({
    ...problem,
    path: ['spec', 'input', ...problem.path],
  }));
}
