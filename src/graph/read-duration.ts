import { parseDurationMs } from './duration.ts';
import type { Path } from './problem.ts';
import type { Problems } from './problems.ts';

/** A duration as written, in ms; the default where there is none, also after a mistake. */
export function readDurationMs(
  text: string | undefined,
  rules: { readonly path: Path; readonly defaultMs: number; readonly isZeroAllowed?: boolean },
  problems: Problems,
): number {
  if (text === undefined) return rules.defaultMs;
  const ms = parseDurationMs(text);
  if (ms !== null && (ms > 0 || rules.isZeroAllowed === true)) return ms;
  problems.error('bad-duration', rules.path, {
    message: ms === 0 ? `"${text}" is no time at all; expected more.` : `"${text}" is no duration.`,
    hint: 'Write for example `500ms`, `30s`, `5m`, `1h30m` or `2d`; ten years at most.',
  });
  return rules.defaultMs;
}
