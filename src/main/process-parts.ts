import { openLog, type Log } from '../telemetry/log.ts';
import { openMetrics, type OpenMetrics } from '../telemetry/metrics.ts';
import { loadEnvironment } from './load-environment.ts';
import { readSettings, type Environment } from './read-settings.ts';
import type { Settings } from './settings.ts';

/** What every role of the program begins with, and how it all ends again. */
export interface ProcessParts {
  readonly environment: Environment;
  readonly settings: Settings;
  readonly log: Log;
  readonly telemetry: OpenMetrics;
  /** Undone in reverse order, each waiting for the one before. */
  readonly endings: (() => Promise<void>)[];
}

/** Reads the settings (throws a SettingsError) and opens the log. */
export function openProcess(): ProcessParts {
  const environment = loadEnvironment(process.env);
  const { settings, warnings } = readSettings(environment);
  const isTerminal = process.stderr.isTTY;
  const format = settings.logFormat === '' ? (isTerminal ? 'pretty' : 'json') : settings.logFormat;
  const { jwtSecret, gitPassword, llmApiKey } = settings;
  const secrets = [jwtSecret, gitPassword, llmApiKey].filter((secret) => secret !== '');
  const log = openLog({ level: settings.logLevel, format, color: isTerminal, secrets });
  for (const warning of warnings) log.warn('settings.unknown_name', { warning });
  return { environment, settings, log, telemetry: openMetrics(), endings: [] };
}

/**
 * Keeps the process until SIGTERM or SIGINT, then ends everything in order. A second signal does
 * not wait: the ledger is the truth, so nothing is lost by it.
 */
export async function serveUntilSignal(parts: ProcessParts): Promise<void> {
  const { log } = parts;
  await new Promise<void>((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      signals += 1;
      if (signals > 1) process.exit(130);
      log.info('process.stopping', { signal });
      resolve();
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
  await endAll(parts);
  log.info('process.stopped');
  log.flush();
}

/** Ends what has been started; an ending that fails does not keep the others from theirs. */
export async function endAll({ endings, log }: ProcessParts): Promise<void> {
  for (const end of endings.splice(0).toReversed()) {
    try {
      await end();
    } catch (error) {
      log.error('process.ending_failed', { error });
    }
  }
}
