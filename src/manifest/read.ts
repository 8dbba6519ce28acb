import { ManifestReader } from './manifest-reader.ts';
import type { ReadOptions } from './read-parts.ts';
import type { ReadResult } from './without-bad-files.ts';

export type { ReadOptions } from './read-parts.ts';
export type { Resource, RunResource, WorkflowResource } from './resource.ts';
export type { ReadResult } from './without-bad-files.ts';

/** As ManifestReader.read, for files that are read once. */
export function readManifests(
  files: ReadonlyMap<string, Uint8Array>,
  options: ReadOptions,
): ReadResult {
  const reading = new ManifestReader(options).read(files);
  for (;;) {
    const { done, value } = reading.next();
    if (done === true) return value;
  }
}
