import type { Json } from '../expr/json.ts';
import { completeDeferred, secretsRead } from '../expr/secret.ts';
import { HardError } from '../nodes/errors.ts';
import type { NodeType } from '../nodes/node-type.ts';
import type { Task } from '../task/task.ts';
import { type SecretLookup, secretVariable } from './secrets.ts';

export type Executable = NodeType & Required<Pick<NodeType, 'execute'>>;

/** The node type that makes this attempt; a hard `not_configured` when this runner has none. */
export function findNodeType(nodeTypes: ReadonlyMap<string, NodeType>, task: Task): Executable {
  const nodeType = nodeTypes.get(task.type);
  if (nodeType !== undefined && isExecutable(nodeType)) return nodeType;
  const known = [...nodeTypes.values()].filter(isExecutable).map((each) => each.type);
  throw new HardError(
    'not_configured',
    `this runner of queue ${task.queue} cannot execute node type ${task.type}; it knows ` +
      `${known.join(', ') || 'none'}. Start a runner that has it, or give the step another queue`,
  );
}

function isExecutable(nodeType: NodeType): nodeType is Executable {
  return nodeType.execute !== undefined;
}

export interface Prepared {
  readonly config: Json;
  /** The values that went in, for redaction. */
  readonly secrets: readonly string[];
}

/**
 * Fills in what only the runner may know. Rejects with a hard `unauthorised` that names a missing
 * secret, and with ExpressionError.
 */
export function completeConfig(task: Task, lookup: SecretLookup): Prepared {
  // Each value is read once, so that what goes in and what is redacted are the same.
  const secrets = new Map<string, string>();
  for (const name of secretsRead(task.deferred)) {
    const value = lookup(name);
    if (value === undefined) throw missingSecret(task, name);
    secrets.set(name, value);
  }
  const config = completeDeferred(task.config, task.deferred, (name) => secrets.get(name));
  return { config, secrets: [...secrets.values()] };
}

function missingSecret(task: Task, name: string): HardError {
  return new HardError(
    'unauthorised',
    `secret ${name}, which step ${task.stepId} reads, is not known to this runner: set ` +
      `${secretVariable(name)} or put the value in a file ${name} in BEHEST_SECRETS_DIR`,
    { details: { secret: name } },
  );
}
