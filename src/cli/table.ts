import stringWidth from 'string-width';

import { type Paint, statusColor } from './terminal.ts';

export interface Column<T> {
  readonly title: string;
  readonly cell: (item: T) => string;
  /** Shown only with `-o wide`. */
  readonly isWide?: boolean;
  readonly isStatus?: boolean;
}

export interface TableOptions {
  readonly isWide: boolean;
  readonly hasHeaders: boolean;
  readonly paint: Paint;
}

/** Rows aligned by display width; one line each, whatever a cell holds. */
export function table<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  options: TableOptions,
): string {
  const shown = columns.filter((column) => options.isWide || column.isWide !== true);
  const cells = items.map((item) => shown.map((column) => oneLine(column.cell(item))));
  const titles = shown.map(({ title }) => title);
  const rows = options.hasHeaders ? [titles, ...cells] : cells;
  const widths = shown.map((_, i) => Math.max(...rows.map((row) => stringWidth(row[i] ?? ''))));
  return rows
    .map((row, at) => {
      const isTitle = options.hasHeaders && at === 0;
      const parts = row.map((cell, i) => {
        const gap = ' '.repeat((widths[i] ?? 0) - stringWidth(cell) + 3);
        const isPainted = shown[i]?.isStatus === true && !isTitle;
        return (isPainted ? options.paint(statusColor(cell), cell) : cell) + gap;
      });
      return `${parts.join('').trimEnd()}\n`;
    })
    .join('');
}

/** Also keeps control characters of other people's texts from reaching the terminal. */
export function oneLine(text: string): string {
  const flat = text
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .trim();
  return flat === '' ? '-' : flat;
}

/** Keeps escape sequences out of a text of several lines. */
export function safeText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}

/** `3s`, `5m10s`, `2h5m`, `4d3h`, as kubectl writes ages. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return join(minutes, 'm', `${seconds % 60}s`);
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return join(hours, 'h', `${minutes % 60}m`);
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  return days < 8 ? join(days, 'd', `${hours % 24}h`) : `${days}d`;
}

function join(amount: number, unit: string, rest: string): string {
  return rest.startsWith('0') ? `${amount}${unit}` : `${amount}${unit}${rest}`;
}
