/**
 * What an operation throws while an expression runs; ExpressionError is made of it. `limit` faults
 * pass through `default()` and `||`: they stop the evaluation.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: 'data' | 'limit' | 'secret';

  constructor(message: string, kind: 'data' | 'limit' | 'secret' = 'data') {
    super(message);
    this.kind = kind;
  }
}

/** Faults that `default()`, `has()` and the logical operators may answer for. */
export function isDataFault(error: unknown): error is Fault {
  return error instanceof Fault && error.kind !== 'limit';
}
