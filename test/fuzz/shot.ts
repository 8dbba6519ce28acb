/** One request as it goes over the wire, well-formed as HTTP whatever its content. */
export interface Shot {
  readonly label: string;
  readonly http: 1 | 2;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Its answer may stay open for ever. */
  readonly isStream: boolean;
}

/** What came back. */
export interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Body and trailers, as latin1 text: bytes keep their place. */
  readonly text: string;
  /** What was still missing when the patience ended; null when the answer was whole. */
  readonly hung: 'headers' | 'end' | null;
  /** The connection broke before an answer came. */
  readonly broken: string | null;
}
