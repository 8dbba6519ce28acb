/** A run is to be created of a workflow that does not exist or was deleted. */
export class UnknownWorkflow extends Error {
  override readonly name = 'UnknownWorkflow';
  readonly namespace: string;
  readonly workflow: string;

  constructor(wanted: { namespace: string; workflow: string; by: string }) {
    super(
      `${wanted.by} names workflow "${wanted.workflow}", which does not exist in namespace ` +
        `"${wanted.namespace}"`,
    );
    this.namespace = wanted.namespace;
    this.workflow = wanted.workflow;
  }
}
