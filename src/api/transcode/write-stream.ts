import { once } from 'node:events';
import {
  getOption,
  hasOption,
  type DescMessage,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf';
import type { HttpRequest, HttpResponse } from '../http-exchange.ts';
import { sse } from '../../gen/behest/v1/rest_pb.ts';
import { isObject, toRestJson } from './rest-json.ts';

/** How long a quiet stream stays quiet before a comment shows that it is alive. */
const HEARTBEAT_MS = 15_000;

/** How long the first element may keep the headers waiting: an error until then has a status. */
const FIRST_MS = 100;

export interface StreamFormat {
  readonly contentType: string;
  readonly opening: string;
  readonly heartbeat: string;
  write(desc: DescMessage, message: Message): string;
}

const ndjson: StreamFormat = {
  contentType: 'application/x-ndjson',
  opening: '',
  heartbeat: '\n',
  write: remembering((desc, message) => `${JSON.stringify(toRestJson(desc, message))}\n`),
};

const serverSentEvents: StreamFormat = {
  contentType: 'text/event-stream',
  opening: 'retry: 2000\n\n',
  heartbeat: ': still here\n\n',
  write: remembering(writeEvent),
};

/** NDJSON for who asks for it, or for JSON; server-sent events for the rest, curl included. */
export function streamFormat(accept: string): StreamFormat {
  if (accept.includes('text/event-stream')) return serverSentEvents;
  return /\b(x-ndjson|ndjson|jsonl|json)\b/.test(accept) ? ndjson : serverSentEvents;
}

/** Messages whose text is kept, and the longest such text: a MB at most. */
const REMEMBERED = 128;
const LONGEST_REMEMBERED = 4096;

/** A thousand readers of one stream are sent the same messages, one soon after the other. */
function remembering(write: StreamFormat['write']): StreamFormat['write'] {
  const texts = new Map<Message, string>();
  return (desc, message) => {
    const known = texts.get(message);
    if (known !== undefined) return known;
    const text = write(desc, message);
    if (text.length > LONGEST_REMEMBERED) return text;
    texts.set(message, text);
    const oldest = texts.size > REMEMBERED ? texts.keys().next().value : undefined;
    if (oldest !== undefined) texts.delete(oldest);
    return text;
  };
}

function writeEvent(desc: DescMessage, message: Message): string {
  const json = toRestJson(desc, message);
  const options = hasOption(desc, sse) ? getOption(desc, sse) : { id: '', event: '' };
  const union = desc.oneofs.find(({ name }) => name === options.event);
  const known = isObject(json) ? json : {};
  const chosen = union?.fields.find(({ name }) => known[name] !== undefined);
  const data: JsonValue = chosen === undefined ? json : (known[chosen.name] ?? null);
  const id = known[options.id];
  const lines = [
    ...(chosen === undefined ? [] : [`event: ${chosen.name}`]),
    ...(typeof id === 'string' ? [`id: ${id}`] : []),
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join('\n')}\n\n`;
}

export interface StreamAnswer {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly desc: DescMessage;
  readonly messages: AsyncIterable<Message>;
}

/**
 * Writes a stream at the reader's pace: the next element is fetched when the last one has been
 * taken. Rejects only before anything was written; a fault after that ends the connection, and the
 * client comes back with the last id it saw. A resumed stream with nothing left answers 204, which
 * tells an EventSource to stay away.
 */
export async function writeStream(answer: StreamAnswer): Promise<void> {
  const { request, response } = answer;
  const format = streamFormat(request.headers.accept ?? '');
  const iterator = answer.messages[Symbol.asyncIterator]();
  let heart: NodeJS.Timeout | undefined;
  try {
    let pending = iterator.next();
    const first = await firstOrNothing(pending);
    if (first?.done === true && request.headers['last-event-id'] !== undefined) {
      response.writeHead(204);
      response.end();
      return;
    }
    response.writeHead(200, { 'content-type': format.contentType, 'cache-control': 'no-store' });
    if (request.method === 'HEAD') return void response.end();
    await push(response, format.opening);
    heart = beat(response, format);
    for (;;) {
      const next = await pending;
      heart.refresh();
      if (next.done === true || response.destroyed) break;
      await push(response, format.write(answer.desc, next.value));
      pending = iterator.next();
    }
    response.end();
  } catch (error) {
    if (!response.headersSent) throw error;
    response.destroy(error instanceof Error ? error : undefined);
  } finally {
    clearInterval(heart);
    await iterator.return?.();
  }
}

async function firstOrNothing(
  pending: Promise<IteratorResult<Message>>,
): Promise<IteratorResult<Message> | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), FIRST_MS);
  return Promise.race([pending, promise]).finally(() => clearTimeout(timer));
}

/** Shows that a stream is alive that has been quiet for so long. */
function beat(response: HttpResponse, { heartbeat }: StreamFormat): NodeJS.Timeout {
  return setInterval(() => {
    if (!response.writableNeedDrain && !response.destroyed) response.write(heartbeat);
  }, HEARTBEAT_MS);
}

async function push(response: HttpResponse, text: string): Promise<void> {
  if (text === '' || response.destroyed) return;
  if (response.write(text)) return;
  const gone = new AbortController();
  const closed = once(response, 'close', { signal: gone.signal }).catch(() => undefined);
  await Promise.race([once(response, 'drain', { signal: gone.signal }), closed]);
  gone.abort();
}
