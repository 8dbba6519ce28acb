import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** Constant event names plus fields; ids go into fields, never into the name. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The same log with these fields on every line. */
  child(fields: Readonly<Record<string, unknown>>): Log;
  /** Writes out what is still held; for the end of the process. */
  flush(): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const logFormats = ['json', 'pretty'] as const;

export interface LogOptions {
  readonly level: (typeof logLevels)[number];
  readonly format: (typeof logFormats)[number];
  readonly color?: boolean;
  /** Texts that must never appear: tokens and passwords of this process. */
  readonly secrets?: readonly string[];
  /** Default is standard error: standard output belongs to the command's own result. */
  readonly write?: (line: string) => void;
}

/** Makes the process's log. Fields named like secrets, and the secrets given, are cut out. */
export function openLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const hide = hider(options.secrets ?? []);
  const shape = options.format === 'json' ? null : forPeople(options.color ?? false);
  const destination = { write: (line: string) => write(hide(shape?.(line) ?? line)) };
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'event',
      errorKey: 'error',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination,
  );
  return wrap(logger);
}

const secretNames = ['token', 'password', 'authorization', 'cookie', 'apiKey', 'secret', 'secrets'];
const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

function wrap(logger: pino.Logger): Log {
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
    child: (fields) => wrap(logger.child(fields)),
    flush: () => logger.flush(),
  };
}

/** Turns a JSON line into one for people. */
function forPeople(colorize: boolean): (line: string) => string {
  const pretty = prettyFactory({
    colorize,
    messageKey: 'event',
    errorLikeObjectKeys: ['error'],
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return (line) => pretty(line) ?? '';
}

/** Short texts are left: cutting `a` out of every line would hide nothing and garble all. */
function hider(secrets: readonly string[]): (line: string) => string {
  const worth = secrets.filter((secret) => secret.length >= 6);
  return (line) => worth.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), line);
}
