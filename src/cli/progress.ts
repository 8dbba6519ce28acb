import stringWidth from 'string-width';

import type { RunEvent } from '../gen/behest/v1/event_pb.ts';
import { CheckpointStatusSchema, RunStatusSchema, type Run } from '../gen/behest/v1/run_pb.ts';
import { enumText } from './api-json.ts';
import { stepStatus } from './columns.ts';
import { oneLine } from './table.ts';
import { type Paint, type Terminal, statusColor } from './terminal.ts';

export interface Progress {
  show(event: RunEvent): void;
  /** Leaves the last picture standing. */
  end(): void;
}

interface Line {
  readonly step: string;
  status: string;
  note: string;
}

const mostLines = 20;

/** Shows a run's progress: a line for each step on a terminal, a line for each event in a pipe. */
export function openProgress(run: Run, terminal: Terminal, paint: Paint): Progress {
  return terminal.isProgressLive ? livePicture(run, terminal, paint) : plainLines(terminal);
}

function plainLines(terminal: Terminal): Progress {
  return {
    show: (event) => {
      const change = changeOf(event);
      if (change === null) return;
      const { step, status, note } = change;
      terminal.err(
        `${[step === '' ? 'run' : step, status, note].filter((part) => part !== '').join(' ')}\n`,
      );
    },
    end: () => undefined,
  };
}

function livePicture(run: Run, terminal: Terminal, paint: Paint): Progress {
  const lines = new Map<string, Line>(
    run.steps.map((step) => [step.id, { step: step.id, status: stepStatus(step), note: '' }]),
  );
  let drawn = 0;
  const draw = (): void => {
    const shown = [...lines.values()].slice(-mostLines);
    const width = Math.max(...shown.map(({ step }) => stringWidth(step)), 0);
    const rows = shown.map((line) => row(line, { width, columns: terminal.columns, paint }));
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
    terminal.err(`${up}${rows.map((text) => `\u001b[2K${text}\n`).join('')}`);
    drawn = rows.length;
  };
  draw();
  return {
    show: (event) => {
      const change = changeOf(event);
      if (change === null) return;
      const key = change.step === '' ? `run ${run.id.slice(0, 8)}` : change.step;
      const line = lines.get(key) ?? { ...change, step: key };
      lines.set(key, line);
      if (change.status !== '') line.status = change.status;
      line.note = change.note;
      draw();
    },
    end: () => undefined,
  };
}

const marks: { readonly [status: string]: string } = {
  completed: '✓',
  failed: '✗',
  running: '●',
  skipped: '-',
  cancelled: '-',
};

function row(
  { step, status, note }: Line,
  { width, columns, paint }: { width: number; columns: number; paint: Paint },
): string {
  const mark = paint(statusColor(status), marks[status] ?? '·');
  const name = step + ' '.repeat(Math.max(0, width - stringWidth(step)));
  const left = Math.max(0, columns - width - status.length - 8);
  return `${mark} ${name}  ${status}  ${paint('grey', oneLine(note).slice(0, left))}`.trimEnd();
}

/** What an event changes in the picture; an empty step is the run itself. */
function changeOf({ event }: RunEvent): Line | null {
  switch (event.case) {
    case 'status':
      return {
        step: '',
        status: enumText(RunStatusSchema, event.value.status),
        note: event.value.reason,
      };
    case 'checkpoint': {
      const { status, stepId, item, attempt, error } = event.value;
      const word = enumText(CheckpointStatusSchema, status);
      const which = item === undefined ? '' : ` item ${item}`;
      const shown = item !== undefined && word === 'completed' ? 'running' : stepWord(word);
      return {
        step: stepId,
        status: shown,
        note: `${which} attempt ${attempt} ${error ?? ''}`.trim(),
      };
    }
    case 'progress': {
      const { stepId, stepProgress, message } = event.value;
      const part = stepProgress === undefined ? '' : `${Math.round(stepProgress * 100)} % `;
      return { step: stepId, status: 'running', note: `${part}${message}`.trim() };
    }
    case 'log':
      return { step: event.value.stepId, status: '', note: event.value.message };
    case 'error': {
      const { status, stepId, error } = event.value;
      const where = stepId === '' ? '' : `at ${stepId}: `;
      return { step: '', status: enumText(RunStatusSchema, status), note: `${where}${error}` };
    }
    case 'complete':
      return { step: '', status: 'completed', note: '' };
    case undefined:
      return null;
  }
}

function stepWord(checkpoint: string): string {
  if (checkpoint === 'failed_retryable') return 'waiting';
  return checkpoint === 'failed_hard' ? 'failed' : checkpoint;
}
