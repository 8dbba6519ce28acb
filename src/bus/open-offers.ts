import type { Checkpoint, Task } from '../task/task.ts';
import type { Offer } from './holding.ts';

interface Place {
  readonly offer: { readonly taker: string; readonly queues: readonly string[]; room: number };
  /** Tasks of this run that it may still get: one for each that has ended. */
  left: number;
}

/**
 * Which runner is to get a run's next task at once: the one whose report of that run waits for its
 * answer, if it has offered to take some.
 */
export class OpenOffers {
  readonly #places = new Map<string, Place>();

  /** Stands until the function that it returns is called. */
  open(offer: Offer | null, checkpoints: readonly Checkpoint[]): () => void {
    if (offer === null) return () => undefined;
    const open = { ...offer };
    for (const { runId } of checkpoints) {
      const place = this.#places.get(runId);
      if (place?.offer === open) place.left += 1;
      else this.#places.set(runId, { offer: open, left: 1 });
    }
    return () => {
      for (const { runId } of checkpoints) {
        if (this.#places.get(runId)?.offer === open) this.#places.delete(runId);
      }
    };
  }

  /** The runner that this task goes to, which has one place less then; null when there is none. */
  take({ runId, queue }: Pick<Task, 'runId' | 'queue'>): string | null {
    const place = this.#places.get(runId);
    if (place === undefined || place.left === 0) return null;
    const { offer } = place;
    if (offer.room <= 0 || !offer.queues.includes(queue)) return null;
    place.left -= 1;
    offer.room -= 1;
    return offer.taker;
  }
}
