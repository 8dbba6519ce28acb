import type { PyodideAPI } from 'pyodide';
import type { CallOutput } from './serve.ts';

/** Begins a line that `log()` and `progress()` of the bootstrap wrote. */
const MARK = '\x1e';

/** Turns what a call writes to stdout and stderr into lines of its activity log. */
export class PythonOutput {
  #sink: CallOutput | undefined;
  #partial: { [stream in 'stdout' | 'stderr']: string } = { stdout: '', stderr: '' };
  readonly #decoder = new TextDecoder();

  constructor(python: PyodideAPI) {
    python.setStdout({ write: (bytes) => this.#write('stdout', bytes) });
    python.setStderr({ write: (bytes) => this.#write('stderr', bytes) });
    python.setStdin({ stdin: () => null });
  }

  begin(sink: CallOutput): void {
    this.#sink = sink;
    this.#partial = { stdout: '', stderr: '' };
  }

  /** Writes what was left without a line end. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#partial[stream] !== '') this.#line(stream, this.#partial[stream]);
      this.#partial[stream] = '';
    }
  }

  #write(stream: 'stdout' | 'stderr', bytes: Uint8Array): number {
    const lines = (this.#partial[stream] + this.#decoder.decode(bytes)).split('\n');
    this.#partial[stream] = lines.pop() ?? '';
    for (const line of lines) this.#line(stream, line);
    return bytes.length;
  }

  #line(stream: 'stdout' | 'stderr', line: string): void {
    if (this.#sink === undefined) return;
    if (stream === 'stderr') this.#sink.log('warn', line);
    else if (line.startsWith(MARK)) this.#tell(this.#sink, line.slice(1));
    else this.#sink.log('info', line);
  }

  #tell(sink: CallOutput, text: string): void {
    const told = parse(text);
    const message = typeof told['message'] === 'string' ? told['message'] : undefined;
    if (told['kind'] === 'progress') return sink.progress(Number(told['fraction']), message);
    const level = levels.find((known) => known === told['level']) ?? 'info';
    return sink.log(level, message ?? text);
  }
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** User code may print the mark itself; then it is a line like any other. */
function parse(text: string): { readonly [key: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
