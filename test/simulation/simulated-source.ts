import type { Consumer } from '../../src/bus/bus.ts';
import type { Revision, SourceEntry, SourceReader } from '../../src/controller/ports.ts';
import type { FileReader } from '../../src/controller/reconcile.ts';
import type { ReadResult, Resource } from '../../src/manifest/read.ts';
import type { FileProblem } from '../../src/record/source.ts';
import type { Timeline } from './fake-clock.ts';
import type { Declared, PlannedRevision, PlannedSource } from './planned-source.ts';
import type { Line } from './simulated-process.ts';

const INTERVAL_MS = 30_000;

interface SourceParts {
  readonly plan: PlannedSource;
  readonly timeline: Timeline;
  /** When the plan's times count from. */
  readonly start: number;
  readonly line: Line;
}

/** A source as one process sees it: reading takes time and fails, news of a change get lost. */
export function simulatedSource(parts: SourceParts): SourceEntry {
  const { name } = parts.plan;
  const reader = new PlannedReader(parts);
  return { name, reader, intervalMs: INTERVAL_MS, allowEmpty: false };
}

class PlannedReader implements SourceReader {
  readonly kind: SourceReader['kind'];
  readonly location = 'somewhere';
  readonly ref = '';
  readonly #parts: SourceParts;

  constructor(parts: SourceParts) {
    this.kind = parts.plan.kind;
    this.#parts = parts;
  }

  resolve(): Promise<Revision> {
    return this.#parts.line.call('resolve', () => {
      const { id } = this.#current();
      return { id, display: id };
    });
  }

  read({ id }: Revision): Promise<ReadonlyMap<string, Uint8Array>> {
    const { plan, line } = this.#parts;
    return line.call('read', () => {
      const found = plan.revisions.find((each) => each.id === id);
      if (found === undefined) throw new Error(`there is no revision ${id}`);
      const encode = (declared: Declared) => new TextEncoder().encode(JSON.stringify(declared));
      return new Map([...found.files].map(([path, declared]) => [path, encode(declared)]));
    });
  }

  watch(onChange: () => void): Consumer {
    const { plan, timeline, start, line } = this.#parts;
    for (const { atMs, id } of plan.revisions) {
      const isHeard = atMs % 3 > 0;
      const hear = () => {
        if (line.isOpen) onChange();
      };
      if (isHeard) timeline.after(start + atMs - timeline.now, `news of ${id}`, hear);
    }
    return { stop: () => Promise.resolve() };
  }

  #current(): PlannedRevision {
    const { plan, timeline, start } = this.#parts;
    const past = plan.revisions.filter(({ atMs }) => start + atMs <= timeline.now);
    const current = past.at(-1);
    if (current === undefined) throw new Error('nobody has committed anything yet');
    return current;
  }
}

/** Files are JSON here; what the manifest room makes of text is its own tests' matter. */
export const plannedFiles: FileReader = {
  read: (files) => {
    const value = readAll(files);
    return { next: () => ({ done: true, value }) };
  },
};

function readAll(files: ReadonlyMap<string, Uint8Array>): ReadResult {
  const resources: Resource[] = [];
  const problems: FileProblem[] = [];
  for (const [file, bytes] of files) {
    const declared = JSON.parse(new TextDecoder().decode(bytes)) as Declared;
    if (declared !== 'nonsense') resources.push(declared);
    else problems.push({ file, ...NONSENSE });
  }
  return { resources, problems, badFiles: new Set(problems.map(({ file }) => file)) };
}

const NONSENSE: Omit<FileProblem, 'file'> = {
  line: 1,
  column: 1,
  code: 'syntax',
  severity: 'error',
  message: 'this is nonsense',
  hint: '',
  frame: '',
};
