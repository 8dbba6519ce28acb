/** A queue takes no more tasks now. Those not taken are missing, and are sent again later. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly queue: string;
  readonly refused: number;

  constructor(queue: string, refused: number, limit: number) {
    super(
      `queue ${queue} holds ${limit} tasks, its limit: ${refused} more were refused and have to ` +
        `be sent again; add runners for this queue or raise the limit`,
    );
    this.queue = queue;
    this.refused = refused;
  }
}
