import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import { build } from '../graph/build.ts';
import { canonicalText } from '../graph/canonical.ts';
import type { Graph } from '../graph/graph.ts';
import type { Problem } from '../graph/problem.ts';
import type { WorkflowSpec } from '../graph/spec.ts';
import { completeInput } from './complete-input.ts';
import { metadataOf } from './metadata.ts';
import { fileIn, type BuildContext } from './file-context.ts';
import { mend } from './mend.ts';
import type { WorkflowResource } from './resource.ts';
import { stepsOf } from './schema/manifest-checks.ts';

/**
 * A Workflow resource of its manifest, or all that is wrong with it: what the schema tells, and
 * what the graph tells of the parts that the schema left standing.
 */
export function buildWorkflow(
  manifest: JsonObject,
  context: BuildContext,
): { readonly resource: WorkflowResource | null; readonly problems: readonly Problem[] } {
  const problems = context.checks.workflow(manifest);
  const mended = problems.length === 0 ? manifest : mendedFor(manifest, problems, context);
  if (mended === null) return { resource: null, problems };
  const { graph, problems: meant } = build(specOf(mended), {
    nodeTypes: context.traits,
    files: referencedFiles(mended, context),
  });
  const all = [...problems, ...meant.map(inSpec).filter((each) => !isTold(each, problems))];
  if (graph === null || problems.length > 0) return { resource: null, problems: all };
  return { resource: resourceOf(manifest, withTriggerInput(graph), context), problems: all };
}

/** Null where the mended manifest still has not the structure that the graph relies on. */
function mendedFor(
  manifest: JsonObject,
  problems: readonly Problem[],
  { checks }: BuildContext,
): JsonObject | null {
  const mended = mend(manifest, problems);
  if (mended === null) return null;
  const left = checks.structure(mended).filter((problem) => !isNamed(problem));
  return left.length === 0 ? mended : null;
}

/** Names of the wrong form do not hinder the graph, and metadata is none of its business. */
function isNamed({ code, path }: Problem): boolean {
  return code === 'wrong-form' || path[0] !== 'spec';
}

/** The run that a version starts by itself gets the defaults of the input schema as any other. */
function withTriggerInput(graph: Graph): Graph {
  const { applyTrigger, input: schema } = graph;
  if (applyTrigger === null) return graph;
  const { input } = completeInput(schema, applyTrigger.input ?? {});
  return { ...graph, applyTrigger: { ...applyTrigger, input } };
}

function resourceOf(manifest: JsonObject, graph: Graph, context: BuildContext): WorkflowResource {
  const { options, place, folder } = context;
  const metadata = metadataOf(manifest, options.defaultNamespace ?? 'default');
  const { title, description } = specOf(manifest);
  const text = canonicalText(graph);
  return {
    kind: 'Workflow',
    ...metadata,
    title: title ?? metadata.name,
    description: description ?? '',
    graph,
    canonicalText: text,
    digest: options.digest(new TextEncoder().encode(text)),
    manifest,
    folder: folder.path,
    ...place,
  };
}

/** The schema has been checked, and what did not obey it has been taken out. */
function specOf(manifest: JsonObject): WorkflowSpec {
  return manifest['spec'] as unknown as WorkflowSpec;
}

function inSpec(problem: Problem): Problem {
  return { ...problem, path: ['spec', ...problem.path] };
}

/** The graph may stumble over a value that the schema has told of: the same, or a part of it. */
function isTold(problem: Problem, told: readonly Problem[]): boolean {
  return told.some(({ path, code }) => {
    const isSame = path.length === problem.path.length;
    const isWhole = code === 'missing-field' || code === 'conflicting-fields';
    if (isWhole && !isSame) return false;
    return path.length > 2 && path.every((part, index) => problem.path[index] === part);
  });
}

/** Digests of the files that the steps refer to; of all in the folder when one is not there. */
function referencedFiles(manifest: JsonObject, context: BuildContext): Record<string, string> {
  const { folder, options } = context;
  const found: Record<string, string> = {};
  let isMissing = false;
  for (const path of references(manifest, context)) {
    const bytes = fileIn(folder, path);
    if (bytes === undefined) isMissing = true;
    else found[path] ??= options.digest(bytes);
  }
  if (!isMissing) return found;
  // Only the names matter now: the graph suggests a near one.
  return { ...Object.fromEntries(folder.names().map((name) => [name, ''])), ...found };
}

function references(manifest: JsonObject, { traits }: BuildContext): readonly string[] {
  return stepsOf(manifest).flatMap(({ step }) => {
    const { type, config } = step;
    const keys = typeof type === 'string' ? (traits.get(type)?.fileKeys ?? []) : [];
    if (!isJsonObject(config)) return [];
    return keys.flatMap((key) => pathsIn(config[key]));
  });
}

function pathsIn(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value.replace(/^(\.\/)+/, '')];
  if (!Array.isArray(value)) return [];
  // A template in a list is data of the run, no file of the folder.
  return value.filter((item) => !String(item).includes('{{')).flatMap(pathsIn);
}
