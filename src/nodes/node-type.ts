import type { Json, JsonObject } from '../expr/json.ts';
import type { ActivityEntry, ActivityLevel, Task } from '../task/task.ts';

/** What a step can do. One folder per node type, one value of this interface each. */
export interface NodeType {
  /** The word in a manifest's `type`. */
  readonly type: string;
  readonly title: string;
  /** Markdown: what it does, its output's shape, its errors and limits. */
  readonly description: string;
  /** JSON Schema 2020-12 of `config` as written in a manifest (templates are strings). */
  readonly configSchema: JsonObject;
  /** JSON Schema of the output, when it is known. */
  readonly outputSchema?: JsonObject;
  /**
   * `runner`: sent as a task. `controller`: pure data, timers and children, which the engine
   * settles itself without a task.
   */
  readonly runsIn: 'runner' | 'controller';
  /**
   * Config keys whose value (a string or a list of strings) is a path in the workflow's folder,
   * stored with the version. At run time each such string is `{ "$file": path }`. In a list, one
   * with a template in it is no path but data, such as the reference to an artifact.
   */
  readonly fileKeys?: readonly string[];
  /** Config keys whose text is taken as written: braces in it are no templates (`code`). */
  readonly verbatimKeys?: readonly string[];
  /** Default time limit of one attempt, ms. */
  readonly timeoutMs: number;
  /** Only for `runsIn: 'runner'`. Rejects with RetryableError or HardError; others are `internal`. */
  execute?(context: StepContext, config: Json): Promise<Json>;
}

/** What an attempt may use besides its config. Everything a handler reports goes through here. */
export interface StepContext {
  readonly task: Pick<
    Task,
    | 'id'
    | 'runId'
    | 'namespace'
    | 'workflow'
    | 'stepId'
    | 'item'
    | 'attempt'
    | 'idempotencyKey'
    | 'traceparent'
  >;
  /** Fires on cancel, timeout and shutdown; `signal.reason` is a StepError-shaped value. */
  readonly signal: AbortSignal;
  /** Milliseconds left to this attempt. */
  readonly timeoutMs: number;
  log(level: ActivityLevel, message: string, entity?: Entity): void;
  /** 0 to 1. */
  progress(fraction: number, message?: string): void;
  stats(values: { readonly [name: string]: number }): void;
  /** A file of the workflow's folder, as it was when the version was made. */
  readFile(path: string): Promise<Uint8Array>;
  /** The content of an artifact by its SHA-256, hex. Rejects with a classified error. */
  loadBlob(digest: string): Promise<Uint8Array>;
  /**
   * Stores a content for good and answers its SHA-256, hex. Secrets of the attempt that stand in
   * it are masked, byte for byte, so that its size stays. Rejects with a classified error.
   */
  storeBlob(bytes: Uint8Array): Promise<string>;
  readonly settings: NodeSettings;
}

export type Entity = Pick<ActivityEntry, 'entityTag' | 'entityRoute' | 'entityId' | 'entityType'>;

/** What the operator set for the node types of this runner. */
export interface NodeSettings {
  /** CIDRs and host names that `http` may reach although they are private or link-local. */
  readonly httpAllow: readonly string[];
  /** Base URL of the server, which a URL that is only a path means; empty is not configured. */
  readonly selfUrl: string;
  /** Base URL of an OpenAI-compatible endpoint; empty is not configured. */
  readonly llmBaseUrl: string;
  readonly llmApiKey: string;
  /** Used where a step names no model. */
  readonly llmModel: string;
  /** Plain subprocess code steps are allowed. */
  readonly allowSubprocess: boolean;
}
