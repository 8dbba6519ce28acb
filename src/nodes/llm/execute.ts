import type { Json } from '../../expr/json.ts';
import type { StepContext } from '../node-type.ts';
import { HardError } from '../errors.ts';

export async function executeLlm(_context: StepContext, _config: Json): Promise<Json> {
  throw new HardError('not_configured', 'the llm node is being built');
}
