import { Agent, request as http1Request } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import type { Heard, Shot } from './shot.ts';

/** Longest wait for an answer. */
const PATIENCE_MS = 5000;

/** Streams of HTTP/2 before another connection is opened. */
const STREAMS_OF_A_SESSION = 300;

/** How long an open stream is listened to. */
const STREAM_MS = 150;

/** Sends shots to one server over connections that are used again, as clients do. */
export class Gunner {
  readonly #url: string;
  readonly #token: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  #session: ClientHttp2Session | null = null;
  #opened = 0;
  /** All that are not closed: also one that the server has bid farewell, with calls under way. */
  readonly #sessions = new Set<ClientHttp2Session>();

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  fire(shot: Shot): Promise<Heard> {
    const headers = { authorization: `Bearer ${this.#token}`, ...shot.headers };
    return shot.http === 1 ? this.#fire1(shot, headers) : this.#fire2(shot, headers);
  }

  close(): void {
    this.#agent.destroy();
    for (const session of this.#sessions) session.destroy();
  }

  #fire1(shot: Shot, headers: Record<string, string>): Promise<Heard> {
    const heard = new Hearing(shot.isStream);
    const { te: _, ...allowed } = headers;
    const length = { 'content-length': String(shot.body.length) };
    const { method, path } = shot;
    const request = http1Request(this.#url, {
      method,
      path,
      agent: this.#agent,
      headers: { ...allowed, ...(shot.body.length > 0 ? length : {}) },
    });
    heard.stopWith(() => request.destroy());
    request.on('error', (error) => heard.broke(error));
    request.on('response', (response) => {
      heard.headers(response.statusCode ?? 0, response.headers);
      response.on('data', (chunk: Buffer) => heard.data(chunk));
      response.on('error', (error) => heard.broke(error));
      response.on('end', () => heard.end(JSON.stringify(response.trailers)));
    });
    request.end(shot.body);
    return heard.answer;
  }

  #fire2(shot: Shot, headers: Record<string, string>): Promise<Heard> {
    const heard = new Hearing(shot.isStream);
    const endStream = shot.body.length === 0;
    const fields = { ':method': shot.method, ':path': shot.path, ...headers };
    const stream = this.#open().request(fields, { endStream });
    let trailers = '';
    heard.stopWith(() => stream.close());
    stream.on('error', (error) => heard.broke(error));
    stream.on('response', ({ ':status': status = 0, ...rest }) => heard.headers(status, rest));
    stream.on('trailers', (found) => (trailers = JSON.stringify(found)));
    stream.on('data', (chunk: Buffer) => heard.data(chunk));
    // A refused body may never be sent to its end: the answer's end is what counts.
    stream.on('end', () => setImmediate(() => heard.end(trailers)));
    stream.on('close', () => heard.end(trailers));
    if (!endStream) stream.end(shot.body);
    return heard.answer;
  }

  /** What is still on its way is answered first: a server refuses what comes after a farewell. */
  #leave(): void {
    const left = this.#session;
    this.#session = null;
    if (left !== null) setTimeout(() => left.close(), 2 * PATIENCE_MS).unref();
  }

  #open(): ClientHttp2Session {
    this.#opened += 1;
    // A server rightly ends a connection that gives up streams by the thousand, as a fuzzer does.
    if (this.#opened % STREAMS_OF_A_SESSION === 0) this.#leave();
    if (this.#session === null || this.#session.destroyed || this.#session.closed) {
      const session = connect(this.#url);
      this.#session = session;
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      // Broken streams tell their own story.
      session.on('error', () => undefined);
    }
    return this.#session;
  }
}

/** Gathers one answer, and gives up when it does not come. */
class Hearing {
  readonly answer: Promise<Heard>;
  #resolve: (heard: Heard) => void;
  #stop: () => void = () => undefined;
  #timer: NodeJS.Timeout;
  readonly #isStream: boolean;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #headers: Readonly<Record<string, unknown>> = {};

  constructor(isStream: boolean) {
    this.#isStream = isStream;
    const { promise, resolve } = Promise.withResolvers<Heard>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#finish({ hung: 'headers' }), PATIENCE_MS);
  }

  stopWith(stop: () => void): void {
    this.#stop = stop;
  }

  headers(status: number, headers: Readonly<Record<string, unknown>>): void {
    this.#status = status;
    this.#headers = headers;
    clearTimeout(this.#timer);
    const patience = this.#isStream ? STREAM_MS : PATIENCE_MS;
    const hung = this.#isStream ? null : 'end';
    this.#timer = setTimeout(() => this.#finish({ hung }), patience);
  }

  data(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  end(trailers: string): void {
    this.#chunks.push(Buffer.from(trailers));
    const broken = this.#status === 0 ? 'closed without an answer' : null;
    this.#finish({ broken });
  }

  broke(error: Error): void {
    this.#finish({ broken: error.message });
  }

  #finish(how: { hung?: Heard['hung']; broken?: string | null }): void {
    clearTimeout(this.#timer);
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      text: Buffer.concat(this.#chunks).toString('latin1'),
      hung: how.hung ?? null,
      broken: how.broken ?? null,
    });
    this.#stop();
  }
}
