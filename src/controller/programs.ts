import { compile } from '../graph/compile.ts';
import type { Program } from '../graph/program.ts';
import type { Ledger } from './ports.ts';

/** Versions never change, so a compiled one is kept until the space is needed. */
const CAPACITY = 2000;

/** Compiled programs by version id. */
export class Programs {
  readonly #programs = new Map<string, Program>();
  readonly #ledger: Pick<Ledger, 'loadVersions'>;

  constructor(ledger: Pick<Ledger, 'loadVersions'>) {
    this.#ledger = ledger;
  }

  /** Gets the programs of these versions; asked for an unknown or broken one, the answer throws. */
  async load(versionIds: readonly string[]): Promise<(versionId: string) => Program> {
    const broken = new Map<string, unknown>();
    const missing = [...new Set(versionIds)].filter((id) => !this.#programs.has(id));
    if (missing.length > 0) {
      const versions = await this.#ledger.loadVersions(missing);
      for (const { id, graph } of versions) {
        try {
          this.#keep(id, compile(graph));
        } catch (error) {
          // Only the runs of this version suffer: whoever asks for it gets the error.
          broken.set(id, error);
        }
      }
    }
    return (id) => {
      if (broken.has(id)) throw broken.get(id);
      const program = this.#programs.get(id);
      if (program === undefined) throw new Error(`version ${id} is not in the ledger`);
      return program;
    };
  }

  #keep(id: string, program: Program): void {
    if (this.#programs.size >= CAPACITY) {
      const oldest = this.#programs.keys().next();
      if (oldest.done !== true) this.#programs.delete(oldest.value);
    }
    this.#programs.set(id, program);
  }
}
