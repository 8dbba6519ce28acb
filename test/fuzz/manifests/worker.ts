import { parentPort, workerData } from 'node:worker_threads';
import { Dice } from '../../simulation/dice.ts';
import { corpus } from './corpus.ts';
import { examine } from './examine.ts';
import { mutant, type Mutant } from './mutant.ts';

/** Which inputs this thread makes and reads. */
export interface Share {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly seeds: string | null;
  /** The number of the input under way, for whoever watches over this thread. */
  readonly progress: SharedArrayBuffer;
}

export type Told =
  | {
      readonly kind: 'fault';
      readonly index: number;
      readonly fault: string;
      readonly label: string;
    }
  | { readonly kind: 'done' };

const share = workerData as Share;
const progress = new Int32Array(share.progress);
const samples = corpus(share.seeds);

for (let index = share.from; index < share.to; index += 1) {
  Atomics.store(progress, 0, index);
  const made = mutant(diceOf(share.seed, index), samples);
  const fault = faultOf(made);
  if (fault !== null) tell({ kind: 'fault', index, fault, label: made.label });
}
tell({ kind: 'done' });

function tell(told: Told): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
  parentPort?.postMessage(told);
}

/** Every input has dice of its own, so that one can be made again without the others. */
function diceOf(seed: number, index: number): Dice {
  return new Dice(Math.imul(seed, 1_000_003) + index);
}

function faultOf({ files }: Mutant): string | null {
  try {
    return examine(files);
  } catch (error) {
    return error instanceof Error
      ? `it throws: ${error.stack?.slice(0, 600) ?? error.message}`
      : String(error);
  }
}
