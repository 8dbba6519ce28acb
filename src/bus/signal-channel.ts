import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Changed, Consumer, Nudge, Signal } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import { listen } from './listen.ts';
import { SignalHub } from './signal-hub.ts';
import type { Subjects } from './subjects.ts';

/** Ids in one message, so that it stays far below the server's limit. */
const MAX_IDS = 4_000;
/** Text of a nudge with records, characters; every controller gets it, and one of them reads it. */
const MAX_NUDGE = 256 * 1024;

/** Broadcasts over core NATS: to every process, its own included, kept nowhere. */
export class SignalChannel {
  private readonly connection: NatsConnection;
  private readonly subjects: Subjects;
  private readonly log: BusLog;
  private readonly hub = new SignalHub();
  private readonly listening = new Set<Signal['kind']>();

  constructor(connection: NatsConnection, subjects: Subjects, log: BusLog) {
    this.connection = connection;
    this.subjects = subjects;
    this.log = log;
  }

  broadcast(signal: Signal): void {
    if (this.connection.isClosed()) return;
    const subject = this.subjects.signal(signal.kind);
    for (const text of parts(signal)) this.connection.publish(subject, text);
  }

  on<K extends Signal['kind']>(
    kind: K,
    handler: (signal: Extract<Signal, { kind: K }>) => void,
  ): Consumer {
    this.subscribe(kind);
    return this.hub.on(kind, handler);
  }

  private subscribe(kind: Signal['kind']): void {
    if (this.listening.has(kind)) return;
    this.listening.add(kind);
    const hear = (msg: Msg): void => this.hub.emit(read(kind, msg));
    listen(this.connection, this.subjects.signal(kind), { log: this.log, hear });
  }
}

/** Throws when it does not say all that its receivers rely on. */
function read(kind: Signal['kind'], msg: Msg): Signal {
  const signal = msg.json<Signal>();
  if (signal.kind !== kind) throw new Error(`a ${kind} signal says ${signal.kind}`);
  if (!isWhole(signal)) throw new Error(`a ${kind} signal does not say what it is about`);
  return signal;
}

function isWhole(signal: Signal): boolean {
  switch (signal.kind) {
    case 'cancel':
      // Without a list it would be taken for all tasks of the run.
      return areIds([signal.runId]) && areIds(signal.tasks);
    case 'nudge':
      return areIds(signal.runIds) && Array.isArray(signal.created ?? []);
    case 'changed':
      return areIds(signal.runIds) && areIds(signal.ended ?? []);
    case 'recheck':
      return areIds(signal.runIds);
    case 'reconcile':
      return areIds([signal.source]);
  }
}

function areIds(ids: unknown): boolean {
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string');
}

function parts(signal: Signal): string[] {
  switch (signal.kind) {
    case 'cancel':
      // No tasks means all of them, so an empty list must stay one message.
      return chunks(signal.tasks).map((tasks) => JSON.stringify({ ...signal, tasks }));
    case 'nudge':
      return nudges(signal);
    case 'changed':
      return changes(signal);
    case 'recheck':
      return chunks(signal.runIds).map((runIds) => JSON.stringify({ ...signal, runIds }));
    case 'reconcile':
      return [JSON.stringify(signal)];
  }
}

/** What has ended is told with it, as long as all of it is one message. */
function changes(signal: Changed): string[] {
  const { kind, runIds } = signal;
  if (runIds.length <= MAX_IDS) return [JSON.stringify(signal)];
  return chunks(runIds).map((ids) => JSON.stringify({ kind, runIds: ids }));
}

/** With the records of new runs in one message, or without them. */
function nudges({ kind, runIds, created = [] }: Nudge): string[] {
  if (created.length > 0 && runIds.length <= MAX_IDS) {
    const text = JSON.stringify({ kind, runIds, created });
    if (text.length <= MAX_NUDGE) return [text];
  }
  return chunks(runIds).map((ids) => JSON.stringify({ kind, runIds: ids }));
}

function chunks(ids: readonly string[]): (readonly string[])[] {
  if (ids.length <= MAX_IDS) return [ids];
  const count = Math.ceil(ids.length / MAX_IDS);
  return Array.from({ length: count }, (_, i) => ids.slice(i * MAX_IDS, (i + 1) * MAX_IDS));
}
