import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import type { Graph, Step } from '../graph/graph.ts';
import { sortedJson } from './metadata.ts';

/** One field that differs. Null is absent: JSON fields of a graph are never undefined. */
export interface FieldChange {
  /** `config.headers.accept`, `retry.maxAttempts`. */
  readonly field: string;
  readonly before: Json;
  readonly after: Json;
}

export interface StepChange {
  readonly id: string;
  readonly fields: readonly FieldChange[];
}

/** What a newer version of a workflow changes, in the words of its manifest. */
export interface GraphDiff {
  readonly isSame: boolean;
  readonly stepsAdded: readonly string[];
  readonly stepsRemoved: readonly string[];
  readonly stepsChanged: readonly StepChange[];
  /** `a -> b`, `route[true] -> b`. */
  readonly edgesAdded: readonly string[];
  readonly edgesRemoved: readonly string[];
  /** Input, output, phases, resume, timeout, files, trigger. */
  readonly workflow: readonly FieldChange[];
}

/** Fields of a step that are told apart from its own: edges, and what only names its place. */
const PLACE_FIELDS = new Set(['id', 'needs', 'phase']);

export function diffGraphs(before: Graph, after: Graph): GraphDiff {
  const old = new Map(before.steps.map((step) => [step.id, step]));
  const fresh = new Map(after.steps.map((step) => [step.id, step]));
  const stepsChanged = after.steps.flatMap((step) => {
    const previous = old.get(step.id);
    if (previous === undefined) return [];
    const fields = changes(fieldsOf(previous, before), fieldsOf(step, after));
    return fields.length === 0 ? [] : [{ id: step.id, fields }];
  });
  const found = {
    stepsAdded: [...fresh.keys()].filter((id) => !old.has(id)),
    stepsRemoved: [...old.keys()].filter((id) => !fresh.has(id)),
    stepsChanged,
    edgesAdded: minus(edgesOf(after), edgesOf(before)),
    edgesRemoved: minus(edgesOf(before), edgesOf(after)),
    workflow: changes(workflowFields(before), workflowFields(after)),
  };
  return { ...found, isSame: Object.values(found).every((list) => list.length === 0) };
}

function minus(left: readonly string[], right: readonly string[]): readonly string[] {
  const known = new Set(right);
  return left.filter((each) => !known.has(each));
}

function edgesOf({ steps }: Graph): readonly string[] {
  return steps.flatMap(({ id, needs }) =>
    needs.map(({ from, branch }) => {
      const source = steps[from]?.id ?? String(from);
      return `${source}${branch === null ? '' : `[${branch}]`} -> ${id}`;
    }),
  );
}

function fieldsOf(step: Step, graph: Graph): JsonObject {
  const own = Object.entries(asJson(step)).filter(([field]) => !PLACE_FIELDS.has(field));
  const phase = step.phase === null ? null : (graph.phases[step.phase]?.name ?? null);
  return { ...Object.fromEntries(own), phase };
}

function workflowFields(graph: Graph): JsonObject {
  const { input, output, timeoutMs, resume, files, applyTrigger } = graph;
  const phases = graph.phases.map(({ name, title, needs }) => ({
    name,
    title,
    needs: needs.map((index) => graph.phases[index]?.name ?? null),
  }));
  const byName = Object.fromEntries(phases.map(({ name, ...rest }) => [name, rest]));
  const order = phases.map(({ name }) => name);
  return asJson({
    input,
    output,
    timeoutMs,
    resume,
    files,
    applyTrigger,
    phases: byName,
    phaseOrder: order,
  });
}

/** A graph is plain JSON; its types say more than JSON's. */
function asJson(value: object): JsonObject {
  return value as JsonObject;
}

/** The smallest fields that differ: objects are entered, lists are told as a whole. */
function changes(before: JsonObject, after: JsonObject, prefix = ''): readonly FieldChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const [left, right] = [before[key] ?? null, after[key] ?? null];
    const field = prefix === '' ? key : `${prefix}.${key}`;
    if (isJsonObject(left) && isJsonObject(right)) return changes(left, right, field);
    if (sortedJson(left) === sortedJson(right)) return [];
    return [{ field, before: left, after: right }];
  });
}
