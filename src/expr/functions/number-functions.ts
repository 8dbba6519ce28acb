import { Fault } from '../fault.ts';
import { finite } from '../operators.ts';
import { define, type FunctionDef } from './function-def.ts';

/** Half away from zero, as people round; `digits` after the point. */
function round(value: number, digits: number): number {
  if (!Number.isInteger(digits) || digits < 0 || digits > 15) {
    throw new Fault('round takes 0 to 15 digits');
  }
  const magnitude = Math.abs(value);
  // Through decimal text, so that 1.005 rounds as it is written and not as it is stored.
  const shifted = Number(`${magnitude}e${digits}`);
  const rounded = Number.isNaN(shifted) ? magnitude : Number(`${Math.round(shifted)}e-${digits}`);
  return finite(Math.sign(value) * rounded);
}

export const NUMBER_FUNCTIONS: readonly FunctionDef[] = [
  define({ name: 'round', params: ['number'], result: 'number' }, (_, [value]) => round(value, 0)),
  define({ name: 'round', params: ['number', 'number'], result: 'number' }, (_, [value, digits]) =>
    round(value, digits),
  ),
  define({ name: 'floor', params: ['number'], result: 'number' }, (_, [value]) =>
    finite(Math.floor(value)),
  ),
  define({ name: 'ceil', params: ['number'], result: 'number' }, (_, [value]) =>
    finite(Math.ceil(value)),
  ),
  define({ name: 'trunc', params: ['number'], result: 'number' }, (_, [value]) =>
    finite(Math.trunc(value)),
  ),
  define({ name: 'abs', params: ['number'], result: 'number' }, (_, [value]) => Math.abs(value)),
  define({ name: 'sqrt', params: ['number'], result: 'number' }, (_, [value]) =>
    finite(Math.sqrt(value)),
  ),
  define({ name: 'pow', params: ['number', 'number'], result: 'number' }, (_, [value, power]) =>
    finite(value ** power),
  ),
];
