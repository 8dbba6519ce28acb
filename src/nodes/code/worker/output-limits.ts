import { MAX_OUTPUT_FILE_BYTES, MAX_OUTPUT_FILES_BYTES, type CallResult } from '../call.ts';

/** How a call ends that wrote more than it may; undefined when it did not. */
export function excessOf(
  written: readonly { readonly path: string; readonly size: number }[],
): CallResult | undefined {
  const large = written.find(({ size }) => size > MAX_OUTPUT_FILE_BYTES);
  if (large !== undefined) {
    const found = `'${large.path}' has ${large.size} bytes`;
    const limit = `an output has ${MAX_OUTPUT_FILE_BYTES} at most`;
    return { kind: 'limit', message: `${found}; ${limit}; write it in parts` };
  }
  const total = written.reduce((sum, { size }) => sum + size, 0);
  if (total <= MAX_OUTPUT_FILES_BYTES) return undefined;
  const found = `the outputs have ${total} bytes together`;
  const limit = `a step has ${MAX_OUTPUT_FILES_BYTES} at most`;
  return { kind: 'limit', message: `${found}; ${limit}; write them in several steps` };
}
