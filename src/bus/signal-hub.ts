import type { Consumer, Signal } from './bus.ts';

type Handler = (signal: Signal) => void;

/** The receivers of broadcasts within this process, by kind of signal. */
export class SignalHub {
  private readonly handlers = new Map<Signal['kind'], Set<Handler>>();

  on<K extends Signal['kind']>(
    kind: K,
    handler: (signal: Extract<Signal, { kind: K }>) => void,
  ): Consumer {
    const ofKind = this.handlers.get(kind) ?? new Set<Handler>();
    this.handlers.set(kind, ofKind);
    // The map's key proves what TypeScript cannot follow through a union.
    const entry: Handler = (signal) => handler(signal as Extract<Signal, { kind: K }>);
    ofKind.add(entry);
    return {
      stop: () => {
        ofKind.delete(entry);
        return Promise.resolve();
      },
    };
  }

  emit(signal: Signal): void {
    for (const handler of this.handlers.get(signal.kind) ?? []) handler(signal);
  }

  clear(): void {
    this.handlers.clear();
  }
}
