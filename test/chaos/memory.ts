import type { Member } from './member.ts';

const SAMPLE_MS = 1_000;

export interface MemoryLine {
  readonly name: string;
  readonly firstMib: number;
  readonly lastMib: number;
  readonly mostMib: number;
}

/** Samples the resident memory of processes. */
export class Memory {
  readonly #samples: { readonly member: Member; readonly mib: number[] }[];
  readonly #timer: NodeJS.Timeout;

  constructor(members: readonly Member[]) {
    this.#samples = members.map((member) => ({ member, mib: [] }));
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  async #sample(): Promise<void> {
    for (const { member, mib } of this.#samples) {
      const now = await member.rssMib();
      if (now !== null) mib.push(now);
    }
  }

  stop(): MemoryLine[] {
    clearInterval(this.#timer);
    return this.#samples.map(({ member, mib }) => ({
      name: member.name,
      firstMib: mib[0] ?? 0,
      lastMib: mib.at(-1) ?? 0,
      mostMib: Math.max(0, ...mib),
    }));
  }
}
