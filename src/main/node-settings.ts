import type { NodeSettings } from '../nodes/node-type.ts';
import type { SecretSources } from '../runner/secrets.ts';
import type { ProcessParts } from './process-parts.ts';

/** What the operator set for node types; `selfUrl` is empty where the server is another process. */
export function nodeSettings(
  { settings }: Pick<ProcessParts, 'settings'>,
  selfUrl: string,
): NodeSettings {
  const { httpAllow, llmBaseUrl, llmApiKey, llmModel, allowSubprocess } = settings;
  return { httpAllow, selfUrl, llmBaseUrl, llmApiKey, llmModel, allowSubprocess };
}

/** Where this process looks for secrets. */
export function secretSources({
  settings,
  environment,
}: Pick<ProcessParts, 'settings' | 'environment'>): SecretSources {
  const { secretsDir } = settings;
  return { env: environment, ...(secretsDir === '' ? {} : { dir: secretsDir }) };
}
