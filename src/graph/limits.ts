/** Most steps of one graph, all sections together. */
export const MAX_STEPS = 10_000;

/** Most phases of one graph. */
export const MAX_PHASES = 1000;

/** Longest config of one step, as compact JSON, in characters. Larger data belongs into files. */
export const MAX_CONFIG_LENGTH = 1024 * 1024;

/** Longest id of a step and name of a phase. */
export const MAX_ID_LENGTH = 63;

/** How many items of a fan-out run at once, unless the step says otherwise. */
export const DEFAULT_MAX_PARALLEL = 1000;
