import type { Json } from '../../expr/json.ts';
import { HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { filePath } from '../read-config.ts';
import type { LlmConfig, LlmMessage } from './config.ts';

/** The conversation that the config describes, in order: system, earlier messages, prompt. */
export async function conversation(
  context: StepContext,
  config: LlmConfig,
): Promise<readonly LlmMessage[]> {
  const prompt = await promptOf(context, config);
  return [
    ...(config.system === undefined ? [] : [{ role: 'system', content: config.system } as const]),
    ...(config.messages ?? []),
    ...(prompt === undefined ? [] : [{ role: 'user', content: prompt } as const]),
  ];
}

async function promptOf(context: StepContext, config: LlmConfig): Promise<string | undefined> {
  if (config.promptFile === undefined) return config.prompt;
  const path = filePath(config.promptFile);
  const text = new TextDecoder().decode(await context.readFile(path));
  return fillIn(text, config.variables, path);
}

/** One pass over the file: what a variable holds is never read as a place again. */
function fillIn(text: string, variables: { readonly [name: string]: Json }, path: string): string {
  return text.replace(/\{\{\s*([A-Za-z_]\w*)\s*\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value !== undefined) return typeof value === 'string' ? value : JSON.stringify(value);
    const given = Object.keys(variables).join(', ') || 'none';
    throw new HardError(
      'invalid_input',
      `${path} asks for {{ ${name} }}, which \`variables\` does not hold (given: ${given})`,
    );
  });
}
