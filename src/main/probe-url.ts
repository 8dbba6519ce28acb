import type { NodeSettings } from '../nodes/node-type.ts';

const PROBE_LIMIT_MS = 10_000;

/** Whether a GET answers 2xx or 3xx in good time; private addresses are refused as in `http`. */
export async function probeUrl(url: string, settings: NodeSettings): Promise<boolean> {
  try {
    // Loaded when a condition first asks: the client is as large as all of the controller.
    const { request } = await import('undici');
    const { guardedAgent } = await import('../nodes/http/guarded-agent.ts');
    // The agent is shared by all who have these settings: it is not ours to close.
    const dispatcher = guardedAgent(settings);
    const answer = await request(url, { dispatcher, signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    await answer.body.dump();
    return answer.statusCode < 400;
  } catch {
    // Out of reach is an answer too: the condition does not hold.
    return false;
  }
}
