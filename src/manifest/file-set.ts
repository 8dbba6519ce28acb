import { posix } from 'node:path';

/** One manifest file of a source, and the folder that its references are relative to. */
export interface ManifestFile {
  readonly path: string;
  /** Empty is the root of the source. */
  readonly folder: string;
  /** Every other file of the folder belongs to this workflow. */
  readonly ownsFolder: boolean;
}

export interface FileSet {
  readonly manifests: readonly ManifestFile[];
  /** Folders with two files that each claim to be its workflow. */
  readonly ambiguous: readonly { readonly path: string; readonly other: string }[];
}

const WORKFLOW_FILES = ['workflow.yaml', 'workflow.yml', 'workflow.json'];
const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);

/**
 * Which files of a source are manifests. A folder below the root with a workflow file (or a
 * `config.json` that is a step list) is one workflow: all else in it is its material.
 */
export function findManifests(
  paths: Iterable<string>,
  isStepList: (path: string) => boolean,
): FileSet {
  const all = [...paths].toSorted();
  const owners = new Map<string, string>();
  const ambiguous: { path: string; other: string }[] = [];
  for (const path of all) {
    const folder = folderOf(path);
    if (folder === '' || !WORKFLOW_FILES.includes(posix.basename(path))) continue;
    const other = owners.get(folder);
    if (other === undefined) owners.set(folder, path);
    else ambiguous.push({ path, other });
  }
  for (const path of all) {
    const folder = folderOf(path);
    if (folder === '' || owners.has(folder) || posix.basename(path) !== 'config.json') continue;
    if (isStepList(path)) owners.set(folder, path);
  }
  const manifests = all.flatMap((path) => manifestOf(path, owners));
  return { manifests, ambiguous };
}

function manifestOf(path: string, owners: ReadonlyMap<string, string>): readonly ManifestFile[] {
  const folder = folderOf(path);
  const owner = nearestOwner(folder, owners);
  if (owner === path) return [{ path, folder, ownsFolder: true }];
  if (owner !== undefined || !EXTENSIONS.has(posix.extname(path).toLowerCase())) return [];
  return [{ path, folder, ownsFolder: false }];
}

/** The workflow file of this folder, or of the nearest folder around it that has one. */
function nearestOwner(folder: string, owners: ReadonlyMap<string, string>): string | undefined {
  for (let at = folder; at !== ''; at = folderOf(at)) {
    const owner = owners.get(at);
    if (owner !== undefined) return owner;
  }
  return undefined;
}

export function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

/** Whether some folder of the path is hidden: `.github/workflows/ci.yaml`. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.'));
}
