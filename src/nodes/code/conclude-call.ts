import type { Json } from '../../expr/json.ts';
import { storeArtifact, type ArtifactReference } from '../artifact-reference.ts';
import { HardError, RetryableError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { MAX_OUTPUT_FILE_BYTES } from './call.ts';
import type { WorkerEnd } from './worker-process.ts';

/** The output of the step, or the classified failure that a call's end means. */
export async function concludeCall(
  context: StepContext,
  outputs: readonly string[],
  { result, files }: Extract<WorkerEnd, { kind: 'result' }>,
): Promise<Json> {
  switch (result.kind) {
    case 'returned': {
      const returned = JSON.parse(result.output) as Json;
      if (outputs.length === 0) return returned;
      return { result: returned, files: await storeOutputs(context, outputs, files) };
    }
    case 'threw':
      throw new HardError('code', result.message, { details: { traceback: result.traceback } });
    case 'retryable':
      throw new RetryableError('transient', result.message, {
        details: { traceback: result.traceback },
        ...(result.retryAfterMs === undefined ? {} : { retryAfterMs: result.retryAfterMs }),
      });
    case 'malformed':
      throw new HardError('malformed_output', result.message);
    case 'limit':
      throw new HardError('limit', result.message);
  }
}

async function storeOutputs(
  context: StepContext,
  outputs: readonly string[],
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ readonly [path: string]: ArtifactReference }> {
  const missing = outputs.filter((path) => !files.has(path));
  if (missing.length > 0) {
    const names = missing.map((path) => `'${path}'`).join(', ');
    throw new HardError(
      'malformed_output',
      `the code did not write ${names}, which \`outputs\` names; write it before the function ` +
        'returns, or take it out of `outputs`',
    );
  }
  const stored: [string, ArtifactReference][] = [];
  for (const [path, bytes] of files) {
    // The worker keeps to it as well, but it runs foreign code.
    if (bytes.byteLength > MAX_OUTPUT_FILE_BYTES) {
      throw new HardError('limit', `'${path}' has more than ${MAX_OUTPUT_FILE_BYTES} bytes`);
    }
    stored.push([path, await storeArtifact(context, { path, bytes })]);
  }
  return Object.fromEntries(stored);
}
