import type { ActivityLevel } from '../task/task.ts';

/** In rising order, so that "at least warn" is a comparison. */
const LEVELS: readonly ActivityLevel[] = ['debug', 'info', 'warn', 'error'];

export function levelCode(level: ActivityLevel): number {
  return LEVELS.indexOf(level);
}

export function levelOf(code: number): ActivityLevel {
  return LEVELS[code] ?? 'info';
}
