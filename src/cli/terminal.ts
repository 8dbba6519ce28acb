/** What a command sees of the world; main gives it, tests give another. */
export interface Terminal {
  readonly environment: { readonly [name: string]: string | undefined };
  /** Data: the result of the command. */
  readonly out: (text: string) => void;
  /** Progress, hints and errors. */
  readonly err: (text: string) => void;
  readStdin(): Promise<string>;
  /** Whether a person looks at `out`. */
  readonly isInteractive: boolean;
  /** Whether `err` is a terminal, where progress can be drawn over itself. */
  readonly isProgressLive: boolean;
  /** Asks a person; null without one. */
  ask(question: string): Promise<string | null>;
  /** Width of the terminal, in columns. */
  readonly columns: number;
  /** Epoch ms. */
  now(): number;
  /** Calls back at Ctrl-C, in place of ending the process, until the answer is called. */
  onInterrupt(handler: () => void): () => void;
}

const codes = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const;

export type Color = keyof typeof codes;
export type Paint = (color: Color, text: string) => string;

/** Colours for a terminal; plain text in a pipe, under NO_COLOR and for dumb terminals. */
export function painter({ environment, isInteractive }: Terminal): Paint {
  const isPlain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  if (!isInteractive || isPlain) return (_, text) => text;
  return (color, text) => `\u001b[${codes[color]}m${text}\u001b[0m`;
}

/** The colour of a status word. */
export function statusColor(status: string): Color {
  if (['completed', 'True', 'created'].includes(status)) return 'green';
  if (['failed', 'False', 'warning'].includes(status)) return 'red';
  if (['running', 'configured'].includes(status)) return 'blue';
  return ['cancelled', 'skipped'].includes(status) ? 'grey' : 'yellow';
}
