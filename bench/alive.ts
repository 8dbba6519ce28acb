import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** MB that this process' heap and buffers still hold after a full collection. */
export function aliveMb(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What the first frees may keep buffers until the second.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
