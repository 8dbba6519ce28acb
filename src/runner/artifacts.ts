import type { Bus } from '../bus/bus.ts';
import { HardError, RetryableError } from '../nodes/errors.ts';

/** The content of an artifact, with failures classified for the step. */
export async function loadArtifact(bus: Pick<Bus, 'getBlob'>, digest: string): Promise<Uint8Array> {
  try {
    return await bus.getBlob(digest);
  } catch (error) {
    // What both transports say, which is all that comes from another process.
    if (String(error).endsWith(`blob ${digest} does not exist`)) {
      const message = `artifact ${digest} does not exist; the step needs a reference from an upload or a step`;
      throw new HardError('invalid_input', message, { cause: error });
    }
    const message = `artifact ${digest} could not be fetched: ${String(error)}`;
    throw new RetryableError('transient', message, { cause: error });
  }
}

/** Stores an artifact; resolves with its digest once a controller has it. */
export async function storeArtifact(bus: Pick<Bus, 'putBlob'>, bytes: Uint8Array): Promise<string> {
  try {
    return await bus.putBlob(bytes);
  } catch (error) {
    const message = `an artifact of ${bytes.byteLength} bytes could not be stored: ${String(error)}`;
    throw new RetryableError('transient', message, { cause: error });
  }
}
