/** One piece of a config value that only the runner may complete, because it reads a secret. */
export interface Deferred {
  /** Where in the config the completed value goes; the value there is null until then. */
  readonly path: readonly (string | number)[];
  /**
   * Literal text and secret expressions in order. A single expression part keeps its type; several
   * parts are joined as text. Literal text is never parsed again, so data cannot inject.
   */
  readonly parts: readonly ({ readonly text: string } | { readonly secret: string })[];
}
