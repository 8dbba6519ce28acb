/**
 * The database refuses what a batch holds, and would refuse it again: a value out of range, a
 * broken rule. Nothing of the batch was written; smaller batches tell which run it is.
 */
export class UnwritableBatch extends Error {
  override readonly name = 'UnwritableBatch';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
