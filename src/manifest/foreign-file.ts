import { isJsonObject } from '../expr/json.ts';
import { decode } from './decode.ts';
import { stepList } from './dialects/step-list.ts';
import { isHidden, type ManifestFile } from './file-set.ts';

/** A file in a hidden folder counts only when it says that it is ours. */
export function isForeign({ path, ownsFolder }: ManifestFile, bytes: Uint8Array): boolean {
  if (!isHidden(path)) return false;
  if (ownsFolder) return false;
  const decoded = decode(bytes);
  return !decoded.ok || !/^[ \t]*["']?apiVersion["']?\s*:\s*["']?behest\.dev/m.test(decoded.text);
}

/** By content: the same array is never written to. */
const judged = new WeakMap<Uint8Array, boolean>();

/** Whether a `config.json` is a workflow in the step-list dialect. */
export function isStepList(bytes: Uint8Array | undefined): boolean {
  if (bytes === undefined) return false;
  const known = judged.get(bytes);
  if (known !== undefined) return known;
  const verdict = judge(bytes);
  judged.set(bytes, verdict);
  return verdict;
}

function judge(bytes: Uint8Array): boolean {
  const decoded = decode(bytes);
  if (!decoded.ok) return false;
  try {
    const value: unknown = JSON.parse(decoded.text);
    return (
      typeof value === 'object' &&
      value !== null &&
      isJsonObject(value as never) &&
      stepList.matches(value as never)
    );
  } catch {
    // A broken config.json that looks like a step list is told as one.
    return /"steps"\s*:\s*\[/.test(decoded.text) && /"(id|name)"\s*:/.test(decoded.text);
  }
}
