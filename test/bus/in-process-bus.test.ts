import { expect, test } from 'vitest';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import { QueueFullError } from '../../src/bus/queue-full-error.ts';
import { busContract } from './bus-contract.ts';
import { sampleTask, sampleTasks } from './samples.ts';
import { until } from './until.ts';

busContract('in-process', () => {
  const bus = createInProcessBus({ freeze: true });
  return Promise.resolve({ connect: () => Promise.resolve(bus), close: () => bus.close() });
});

test('a full queue → refuses what is over, keeps the rest, and never waits', async () => {
  const bus = createInProcessBus({ maxQueued: 3 });
  const tasks = sampleTasks(5);
  await expect(bus.publishTasks(tasks)).rejects.toThrow(QueueFullError);
  expect(await bus.missingTasks(tasks)).toEqual(tasks.slice(3));
  // Another queue is not affected, and room is room again.
  await bus.publishTasks([sampleTask({ queue: 'other' })]);
  const steps: number[] = [];
  await bus.consumeTasks({ queues: ['default'], maxInFlight: 10 }, (delivery) => {
    steps.push(delivery.message.step);
    delivery.ack();
  });
  await until(() => steps.length === 3);
  await bus.publishTasks(tasks.slice(3));
  await until(() => steps.length === 5);
  await bus.close();
});

test('with freeze → a receiver that changes a message fails', async () => {
  const bus = createInProcessBus({ freeze: true });
  const task = sampleTask();
  await bus.publishTasks([task]);
  expect(() => {
    (task.config as { url: string }).url = 'changed';
  }).toThrow(TypeError);
  await bus.close();
});

test('without freeze → the very object is handed over', async () => {
  const bus = createInProcessBus();
  const task = sampleTask();
  let got: unknown;
  await bus.consumeTasks({ queues: ['default'], maxInFlight: 1 }, (delivery) => {
    got = delivery.message;
  });
  await bus.publishTasks([task]);
  await until(() => got !== undefined);
  expect(got).toBe(task);
  await bus.close();
});
