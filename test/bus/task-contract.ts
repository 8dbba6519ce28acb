import { describe, expect, test } from 'vitest';
import type { Bus, ConsumeTasks, Consumer, Delivery } from '../../src/bus/bus.ts';
import type { Task } from '../../src/task/task.ts';
import type { Given } from './given.ts';
import { sampleCheckpoint, sampleTask, sampleTasks } from './samples.ts';
import { until } from './until.ts';

interface Taken {
  readonly all: Delivery<Task>[];
  readonly consumer: Consumer;
}

/** Takes tasks and leaves them unsettled, unless told what to do with each. */
async function take(
  bus: Bus,
  options: Partial<ConsumeTasks> = {},
  settle: (delivery: Delivery<Task>) => void = () => undefined,
): Promise<Taken> {
  const all: Delivery<Task>[] = [];
  const consumer = await bus.consumeTasks(
    { queues: ['default'], maxInFlight: 100, ...options },
    (delivery) => {
      all.push(delivery);
      settle(delivery);
    },
  );
  return { all, consumer };
}

const stepsOf = (taken: Taken): number[] => taken.all.map(({ message }) => message.step);

export function taskContract(given: Given): void {
  describe('tasks', () => {
    test('a published task → is delivered whole, as its first delivery', async () => {
      const task = sampleTask({ traceparent: '00-1-2-01' });
      const taken = await take(given.other);
      await given.bus.publishTasks([task]);
      await until(() => taken.all.length === 1);
      expect(taken.all[0]?.message).toEqual(task);
      expect(taken.all[0]?.deliveries).toBe(1);
    });

    test('tasks published before anybody takes → are delivered in order', async () => {
      await given.bus.publishTasks(sampleTasks(50));
      const taken = await take(given.other);
      await until(() => taken.all.length === 50);
      expect(stepsOf(taken)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    });

    test('an acknowledged task → is neither delivered again nor held', async () => {
      const [task] = sampleTasks(1);
      await given.bus.publishTasks([task!]);
      const taken = await take(given.other, { leaseMs: 300 }, (delivery) => delivery.ack());
      await until(async () => (await given.bus.missingTasks([task!])).length === 1);
      // A second lease proves that the first one was not merely still running.
      const marker = sampleTask({ step: 7 });
      await given.bus.publishTasks([marker]);
      await until(() => taken.all.length === 2);
      expect(stepsOf(taken)).toEqual([0, 7]);
    });

    test('a silent runner → its task goes to another after the lease', async () => {
      await given.bus.publishTasks([sampleTask()]);
      const silent = await take(given.other, { leaseMs: 400 });
      await until(() => silent.all.length === 1);
      await silent.consumer.stop();
      const started = performance.now();
      const heir = await take(given.bus, { leaseMs: 400 });
      await until(() => heir.all.length === 1);
      expect(performance.now() - started).toBeLessThan(3_000);
      expect(heir.all[0]?.deliveries).toBe(2);
    });

    test('a runner that says working → keeps its task beyond the lease', async () => {
      await given.bus.publishTasks([sampleTask()]);
      const first = await take(given.other, { leaseMs: 500, maxInFlight: 1 });
      await until(() => first.all.length === 1);
      const second = await take(given.bus, { leaseMs: 500, maxInFlight: 1 });
      const started = performance.now();
      await until(() => {
        first.all[0]?.working();
        return performance.now() - started > 1_500;
      });
      expect(second.all).toHaveLength(0);
      expect(first.all).toHaveLength(1);
    });

    test('a released task → goes to another at once', async () => {
      const first = await take(given.other, { maxInFlight: 1 });
      await given.bus.publishTasks([sampleTask()]);
      await until(() => first.all.length === 1);
      await first.consumer.stop();
      const second = await take(given.bus);
      first.all[0]?.release();
      await until(() => second.all.length === 1);
      expect(second.all[0]?.deliveries).toBe(2);
    });

    test('released with a delay → comes back after it, not before', async () => {
      let releasedAt = 0;
      const taken = await take(given.other, {}, (delivery) => {
        if (delivery.deliveries > 1) return;
        releasedAt = performance.now();
        delivery.release(600);
      });
      await given.bus.publishTasks([sampleTask()]);
      await until(() => taken.all.length === 2);
      expect(performance.now() - releasedAt).toBeGreaterThanOrEqual(590);
    });

    test('settled twice → the second says nothing', async () => {
      const task = sampleTask();
      const taken = await take(given.other, { leaseMs: 300 });
      await given.bus.publishTasks([task]);
      await until(() => taken.all.length === 1);
      taken.all[0]?.ack();
      taken.all[0]?.release();
      taken.all[0]?.working();
      await until(async () => (await given.bus.missingTasks([task])).length === 1);
      expect(taken.all).toHaveLength(1);
    });

    test('maxInFlight → so many unsettled and not one more, over all queues', async () => {
      const tasks = ['a', 'b', 'c'].flatMap((queue) => sampleTasks(10, { queue }));
      let open = 0;
      let most = 0;
      const done: string[] = [];
      const consumer = await given.other.consumeTasks(
        { queues: ['a', 'b', 'c'], maxInFlight: 4 },
        (delivery) => {
          open += 1;
          most = Math.max(most, open);
          setImmediate(() => {
            open -= 1;
            done.push(delivery.message.id);
            delivery.ack();
          });
        },
      );
      await given.bus.publishTasks(tasks);
      await until(() => done.length === tasks.length);
      expect(new Set(done).size).toBe(tasks.length);
      expect(most).toBeLessThanOrEqual(4);
      await consumer.stop();
    });

    test('maxInFlight unsettled → the rest waits, and comes as slots are freed', async () => {
      await given.bus.publishTasks(sampleTasks(5));
      const taken = await take(given.other, { maxInFlight: 2, leaseMs: 10_000 });
      await until(() => taken.all.length === 2);
      taken.all[0]?.ack();
      await until(() => taken.all.length === 3);
      expect(stepsOf(taken)).toEqual([0, 1, 2]);
    });

    test('queues → a consumer gets only its own, whatever their names', async () => {
      const odd = 'gpu.large *>ü';
      await given.bus.publishTasks([sampleTask({ queue: odd }), sampleTask({ queue: 'default' })]);
      const taken = await take(given.other, { queues: [odd] });
      await until(() => taken.all.length === 1);
      expect(taken.all[0]?.message.queue).toBe(odd);
      const rest = await take(given.bus);
      await until(() => rest.all.length === 1);
      expect(taken.all).toHaveLength(1);
    });

    test('an idle queue beside a busy one → does not starve it', async () => {
      const seen = new Set<string>();
      await take(given.other, { queues: ['idle', 'busy'], maxInFlight: 8 }, (delivery) => {
        seen.add(delivery.message.id);
        delivery.ack();
      });
      await given.bus.publishTasks(sampleTasks(500, { queue: 'busy' }));
      await until(() => seen.size === 500);
      await given.bus.publishTasks(sampleTasks(1, { queue: 'idle' }));
      await until(() => seen.size === 501);
    });

    test('the same task published again while it is held → is delivered once', async () => {
      const [task, after] = sampleTasks(2);
      await given.bus.publishTasks([task!, task!]);
      await given.bus.publishTasks([task!]);
      const taken = await take(given.other, { leaseMs: 10_000 });
      await until(() => taken.all.length === 1);
      await given.bus.publishTasks([task!, after!]);
      await until(() => taken.all.length === 2);
      expect(stepsOf(taken)).toEqual([0, 1]);
    });

    test('missingTasks → names what is neither queued nor held, nor reported', async () => {
      const [queued, held, acked, reported, never] = sampleTasks(5);
      await given.bus.publishTasks([held!, acked!, reported!]);
      const taken = await take(given.other, { maxInFlight: 3, leaseMs: 10_000 });
      await until(() => taken.all.length === 3);
      await given.bus.publishTasks([queued!]);
      await given.other.publishCheckpoints([sampleCheckpoint(null, reported)]);
      taken.all[1]?.ack();
      taken.all[2]?.ack();
      await taken.consumer.stop();
      const refs = [queued!, held!, acked!, reported!, never!];
      await until(async () => (await given.bus.missingTasks(refs)).length === 2);
      const missing = await given.bus.missingTasks(refs);
      expect(missing.map(({ id }) => id)).toEqual([acked!.id, never!.id]);
      expect(await given.bus.missingTasks([])).toEqual([]);
    });

    test('missingTasks over many runs → the same answer', async () => {
      const tasks = Array.from({ length: 60 }, () => sampleTask());
      const published = tasks.filter((_, index) => index % 2 === 0);
      await given.bus.publishTasks(published);
      const missing = await given.bus.missingTasks(tasks);
      expect(missing).toEqual(tasks.filter((_, index) => index % 2 === 1));
    });

    test('withdrawn tasks → those nobody holds never come, and can be sent again', async () => {
      const [first, second, third] = sampleTasks(3);
      await given.bus.publishTasks([first!, second!, third!]);
      await given.bus.withdrawTasks([first!, third!]);
      const taken = await take(given.other, {}, (delivery) => delivery.ack());
      await until(() => taken.all.length === 1);
      expect(stepsOf(taken)).toEqual([1]);
      await given.bus.publishTasks([third!]);
      await until(() => taken.all.length === 2);
      expect(stepsOf(taken)).toEqual([1, 2]);
    });

    test('a withdrawn task that a runner holds → its end frees the slot', async () => {
      const [held, next] = sampleTasks(2);
      const taken = await take(given.other, { maxInFlight: 1, leaseMs: 300 });
      await given.bus.publishTasks([held!]);
      await until(() => taken.all.length === 1);
      await given.bus.withdrawTasks([held!]);
      taken.all[0]?.ack();
      await given.bus.publishTasks([next!]);
      await until(() => taken.all.length === 2);
      expect(stepsOf(taken)).toEqual([0, 1]);
    });

    test('a burst of 10,000 → all of it, each once, in order', async () => {
      const tasks = sampleTasks(10_000);
      const steps: number[] = [];
      await take(given.other, { maxInFlight: 500 }, (delivery) => {
        steps.push(delivery.message.step);
        delivery.ack();
      });
      await given.bus.publishTasks(tasks);
      await until(() => steps.length === tasks.length);
      expect(steps).toEqual(tasks.map(({ step }) => step));
    });

    test('two consumers of a queue → share it', async () => {
      const third = await given.connect();
      const settle = (delivery: Delivery<Task>) => setTimeout(() => delivery.ack(), 5);
      const one = await take(given.other, { maxInFlight: 5 }, settle);
      const two = await take(third, { maxInFlight: 5 }, settle);
      await given.bus.publishTasks(sampleTasks(100));
      await until(() => one.all.length + two.all.length === 100);
      expect(one.all.length).toBeGreaterThan(10);
      expect(two.all.length).toBeGreaterThan(10);
    });

    test('a stopped consumer → takes nothing more, what it holds can still be settled', async () => {
      const [held, later] = sampleTasks(2);
      const stopped = await take(given.other, { leaseMs: 2_000 });
      await given.bus.publishTasks([held!]);
      await until(() => stopped.all.length === 1);
      await stopped.consumer.stop();
      await given.bus.publishTasks([later!]);
      stopped.all[0]?.ack();
      const heir = await take(given.bus, { leaseMs: 2_000 });
      await until(() => heir.all.length === 1);
      expect(stepsOf(heir)).toEqual([1]);
      expect(stopped.all).toHaveLength(1);
      await until(async () => (await given.bus.missingTasks([held!])).length === 1);
    });
  });
}
