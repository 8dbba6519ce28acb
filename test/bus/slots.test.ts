import { expect, test } from 'vitest';
import { Slots, type Waiting } from '../../src/bus/slots.ts';

function waiting(enter: () => void): Waiting {
  return { enter, release: () => undefined, keepWaiting: () => true };
}

test('a slot is free and all that wait for it end at once → each has had its turn, in order', () => {
  const slots = new Slots(1);
  const entered: number[] = [];
  slots.enter(waiting(() => undefined));
  for (let index = 0; index < 50_000; index += 1) {
    slots.enter(
      waiting(() => {
        entered.push(index);
        slots.leave();
      }),
    );
  }
  expect(entered).toEqual([]);
  slots.leave();
  expect(entered).toEqual(Array.from({ length: 50_000 }, (_, index) => index));
  expect([slots.inFlight, slots.room]).toEqual([0, 1]);
});

test('more than there are slots → never more at once, the next when one leaves', () => {
  const slots = new Slots(2);
  let active = 0;
  let most = 0;
  const enter = (): void => {
    active += 1;
    most = Math.max(most, active);
  };
  for (let index = 0; index < 5; index += 1) slots.enter(waiting(enter));
  expect([active, slots.room]).toEqual([2, -3]);
  for (let index = 0; index < 5; index += 1) {
    active -= 1;
    slots.leave();
  }
  expect([active, most, slots.inFlight]).toEqual([0, 2, 0]);
});
