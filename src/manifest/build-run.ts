import { isJsonObject, type JsonObject } from '../expr/json.ts';
import type { Problem } from '../graph/problem.ts';
import { metadataOf, sortedJson, textOf } from './metadata.ts';
import type { BuildContext } from './file-context.ts';
import type { RunResource } from './resource.ts';

/** A Run resource of its manifest, or what is wrong with it; paths are those of the manifest. */
export function buildRun(
  manifest: JsonObject,
  context: BuildContext,
): { readonly resource: RunResource | null; readonly problems: readonly Problem[] } {
  const problems = context.checks.run(manifest);
  if (problems.length > 0) return { resource: null, problems };
  const { options, place } = context;
  const spec = isJsonObject(manifest['spec']) ? manifest['spec'] : {};
  const workflow = textOf(spec['workflow']);
  const input = spec['input'] ?? {};
  const onDelete = spec['onDelete'] === 'cancel' ? 'cancel' : 'keep';
  const text = sortedJson({ workflow, input, onDelete });
  const resource: RunResource = {
    kind: 'Run',
    ...metadataOf(manifest, options.defaultNamespace ?? 'default'),
    workflow,
    input,
    onDelete,
    digest: options.digest(new TextEncoder().encode(text)),
    manifest,
    ...place,
  };
  return { resource, problems };
}
