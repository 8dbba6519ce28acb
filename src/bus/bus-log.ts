/** Where an adapter reports what an operator should know. Events are constant, ids are fields. */
export interface BusLog {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const silentBusLog: BusLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
