/** Longest expression, in characters. Long ones belong into a `transform` or `code` step. */
export const MAX_EXPRESSION_LENGTH = 8192;

/** Most syntax nodes of one expression, and how deep brackets and conditionals may nest. */
export const MAX_NODES = 2000;
export const MAX_DEPTH = 60;

/**
 * What one evaluation (of a whole template) may cost: about one unit for each syntax node that runs,
 * each list element a function looks at, and each 8 characters of text made. A comprehension over
 * 100,000 items costs some 500,000; one nested in another over as many meets the limit in a second.
 */
export const MAX_COST = 10_000_000;

/** Longest text that one operation may make, in characters. */
export const MAX_TEXT_LENGTH = 16 * 1024 * 1024;

/** Deepest value that an evaluation compares, converts or flattens. */
export const MAX_VALUE_DEPTH = 200;

/** Longest regular expression, in characters. */
export const MAX_PATTERN_LENGTH = 1000;
