export interface ForeignObject {
  /** `workflow default/import-assets` */
  readonly object: string;
  readonly owner: string;
}

/** Objects are declared by one source and owned by another; a person has to decide. */
export class OwnershipConflict extends Error {
  override readonly name = 'OwnershipConflict';
  readonly claimant: string;
  /** All that were found at once, at least one. */
  readonly conflicts: readonly ForeignObject[];

  constructor(claimant: string, conflicts: readonly ForeignObject[]) {
    const named = conflicts.map(({ object, owner }) => `${object}, which source "${owner}" owns`);
    const more = named.length > 3 ? `; and ${named.length - 3} more` : '';
    super(
      `source "${claimant}" declares ${named.slice(0, 3).join('; ')}${more}; ` +
        'remove it from one of the two',
    );
    this.claimant = claimant;
    this.conflicts = conflicts;
  }
}
