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

  /** The programs of these versions; throws when one is unknown. */
  async load(versionIds: readonly string[]): Promise<(versionId: string) => Program> {
    const missing = [...new Set(versionIds)].filter((id) => !this.#programs.has(id));
    if (missing.length > 0) {
      const versions = await this.#ledger.loadVersions(missing);
      for (const version of versions) this.#keep(version.id, compile(version.graph));
    }
    return (id) => {
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
