import { Fault } from './fault.ts';
import { MAX_COST, MAX_TEXT_LENGTH, MAX_VALUE_DEPTH } from './limits.ts';
import type { Scope } from './scope.ts';
import type { Value } from './value.ts';

function tooDeep(): Fault {
  const remedy = 'take a part of them, or work in a code step';
  return new Fault(`the values nest deeper than ${MAX_VALUE_DEPTH} levels; ${remedy}`, 'limit');
}

/** One evaluation under way: what it reads, its macro variables and the cost it has left. */
export class Frame {
  readonly scope: Scope;
  /** Values of macro variables by slot. */
  readonly locals: Value[] = [];
  #left = MAX_COST;
  #depth = 0;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  charge(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) {
      throw new Fault(
        `it costs more than ${MAX_COST} operations; work on less data at once, or in a code step`,
        'limit',
      );
    }
  }

  /** Charges for text that is about to be made. */
  chargeText(length: number): void {
    if (length > MAX_TEXT_LENGTH) {
      throw new Fault(
        `it makes text of ${length} characters; at most ${MAX_TEXT_LENGTH} are allowed; ` +
          'make it in a code step',
        'limit',
      );
    }
    this.charge(length / 8);
  }

  /** Goes one level deeper into a value; too deep ends the evaluation. */
  nested<T>(work: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_VALUE_DEPTH) throw tooDeep();
    try {
      return work();
    } finally {
      this.#depth -= 1;
    }
  }
}
