import { median } from './usage.ts';

/** Values of many rounds by name, in the order in which they first came. */
export class Figures {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number): void {
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, [value]);
    else values.push(value);
  }

  get summary(): Record<string, { median: number; min: number; max: number; rounds: number }> {
    const entries = [...this.#values].map(([name, values]) => {
      const [min, max] = [Math.min(...values), Math.max(...values)];
      return [name, { median: median(values), min, max, rounds: values.length }] as const;
    });
    return Object.fromEntries(entries);
  }

  print(): void {
    for (const [name, { median: middle, min, max, rounds }] of Object.entries(this.summary)) {
      const spread = rounds === 1 ? '' : ` (${show(min)} – ${show(max)}, ${rounds} rounds)`;
      console.log(`  ${name.padEnd(52)} ${show(middle).padStart(9)}${spread}`);
    }
  }
}

function show(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
