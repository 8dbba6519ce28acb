import type { Frame } from '../frame.ts';
import { type Type, typeOf, type Value, type ValueOf } from '../value.ts';

/**
 * One overload of a function. Any function may also be called on its first argument:
 * `size(x)` is `x.size()`.
 */
export interface FunctionDef {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type;
  /** The arguments have been checked against `params`. */
  readonly run: (frame: Frame, args: readonly Value[]) => Value;
}

type ArgsOf<Params extends readonly Type[]> = { [Index in keyof Params]: ValueOf[Params[Index]] };

interface Signature<Params extends readonly Type[]> {
  readonly name: string;
  readonly params: Params;
  readonly result: Type;
}

/** Declares an overload; `run` gets arguments of the declared types. */
export function define<const Params extends readonly Type[]>(
  { name, params, result }: Signature<Params>,
  run: (frame: Frame, args: ArgsOf<Params>) => Value,
): FunctionDef {
  // The caller has checked the arguments against `params` (acceptsValues), so the types hold.
  return { name, params, result, run: (frame, args) => run(frame, args as ArgsOf<Params>) };
}

/** Whether values of these types may be passed; `any` on either side may fit. */
export function acceptsTypes(definition: FunctionDef, types: readonly Type[]): boolean {
  return definition.params.every((param, index) => {
    const type = types[index];
    return param === 'any' || type === 'any' || type === param;
  });
}

export function acceptsValues(definition: FunctionDef, values: readonly Value[]): boolean {
  const { params } = definition;
  for (let index = 0; index < params.length; index += 1) {
    const param = params[index];
    if (param !== 'any' && typeOf(values[index] ?? null) !== param) return false;
  }
  return true;
}

export function signature(definition: FunctionDef): string {
  return `${definition.name}(${definition.params.join(', ')})`;
}
