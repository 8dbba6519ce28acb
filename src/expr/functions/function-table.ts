import { CONVERT_FUNCTIONS } from './convert-functions.ts';
import type { FunctionDef } from './function-def.ts';
import { LIST_FUNCTIONS } from './list-functions.ts';
import { NUMBER_FUNCTIONS } from './number-functions.ts';
import { TEXT_FUNCTIONS } from './text-functions.ts';
import { TIME_FUNCTIONS } from './time-functions.ts';

const ALL: readonly FunctionDef[] = [
  ...TEXT_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...CONVERT_FUNCTIONS,
  ...TIME_FUNCTIONS,
];

/** Every function by name, with its overloads in the order in which they are tried. */
export const FUNCTIONS: ReadonlyMap<string, readonly FunctionDef[]> = Map.groupBy(
  ALL,
  ({ name }) => name,
);
