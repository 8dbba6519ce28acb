import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import { startRunner } from '../../src/runner/runner.ts';
import { nodeType, settings } from './fake-node.ts';

// A runner process of its own, which the test kills in the middle of its attempt.
const [url = '', id = ''] = process.argv.slice(2);
const bus = await createJetStreamBus({ url, name: id });
const slow = nodeType('slow', async () => {
  process.send?.('running');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  return null;
});
await startRunner({
  bus,
  nodeTypes: new Map([['slow', slow]]),
  queues: ['default'],
  concurrency: 4,
  settings,
  secrets: () => undefined,
  id,
});
process.send?.('ready');
