/** An object is declared by one source and owned by another; a person has to decide. */
export class OwnershipConflict extends Error {
  override readonly name = 'OwnershipConflict';
  /** `workflow default/import-assets` */
  readonly object: string;
  readonly owner: string;
  readonly claimant: string;

  constructor(conflict: { object: string; owner: string; claimant: string }) {
    const { object, owner, claimant } = conflict;
    super(
      `source "${claimant}" declares ${object}, which source "${owner}" owns; ` +
        'remove it from one of the two',
    );
    this.object = object;
    this.owner = owner;
    this.claimant = claimant;
  }
}
