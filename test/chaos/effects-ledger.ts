import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Dice } from '../simulation/dice.ts';
import type { Effect, Mood } from './effect.ts';

/**
 * The world outside: a process of its own that writes down every call in the order in which it
 * came, and survives everything. Forked with the seed of its dice; says its port to the parent.
 */
const effects: Effect[] = [];
const dice = new Dice(Number(process.argv[2] ?? '1'));
let mood: Mood = { latencyMs: 20, slowShare: 0, slowMs: 0, failShare: 0 };

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.writeHead(400).end(String(error));
  });
});
// The parent may be killed too; nothing of it shall stay behind.
process.once('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    json(response, 200, effects);
    return;
  }
  const body = JSON.parse(await text(request)) as unknown;
  if (request.url === '/mood') {
    mood = body as Mood;
    json(response, 200, mood);
    return;
  }
  call(request, response, body as Pick<Effect, 'run' | 'step' | 'previous'>);
}

function call(
  request: IncomingMessage,
  response: ServerResponse,
  { run, step, previous }: Pick<Effect, 'run' | 'step' | 'previous'>,
): void {
  const effect: Effect = {
    ticket: effects.length + 1,
    idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
    run,
    step,
    previous,
    beganAt: Date.now(),
    answeredAt: null,
    status: dice.chance(mood.failShare) ? 503 : 200,
  };
  effects.push(effect);
  const { latencyMs, slowShare, slowMs } = mood;
  const delayMs = dice.chance(slowShare) ? slowMs : latencyMs * (0.5 + dice.next());
  setTimeout(() => {
    if (response.destroyed) return;
    effect.answeredAt = Date.now();
    json(response, effect.status, { ticket: effect.ticket });
  }, delayMs);
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const part of request.setEncoding('utf8')) all += String(part);
  return all;
}
