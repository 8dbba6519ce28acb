const PART = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest duration: ten years. Timers, deadlines and their sums stay exact far beyond it. */
export const MAX_DURATION_MS = 3660 * 86_400_000;

/** `500ms`, `30s`, `1h30m`, `1.5h`, `2d` in whole ms; null when the text is no such duration. */
export function parseDurationMs(text: string): number | null {
  let rest = text.trim();
  if (rest === '') return null;
  let totalMs = 0;
  while (rest !== '') {
    const match = PART.exec(rest);
    const [part, amount, unit] = match ?? [];
    if (part === undefined || amount === undefined || unit === undefined) return null;
    totalMs += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
    rest = rest.slice(part.length);
  }
  return totalMs <= MAX_DURATION_MS ? Math.round(totalMs) : null;
}
