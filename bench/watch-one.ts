import { type ClientHttp2Session, connect } from 'node:http2';
import { request } from 'node:http';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { RunEventSchema } from '../src/gen/behest/v1/event_pb.ts';
import { WatchRunRequestSchema } from '../src/gen/behest/v1/run_service_pb.ts';

export interface WatchOptions {
  readonly url: string;
  readonly token: string;
  readonly runId: string;
  /** Called with the first event. */
  readonly onFirst: () => void;
}

/** One watcher on a connection of its own. */
export interface Watch {
  /** The watch's end; rejects when the stream breaks or ends before the run. */
  readonly ended: Promise<WatchEnd>;
  /** Goes away in the middle: `ended` then never settles. */
  leave(): void;
}

export interface WatchEnd {
  readonly events: number;
  /** When the run's last event was here, epoch ms. */
  readonly at: number;
}

/** Lines of the last steps may come after the run's end; more than this is not looked through. */
const LAST = 50;

/** A gRPC stream. Only its last messages are decoded: this is to cost the machine little. */
export function watchByGrpc({ url, token, runId, onFirst }: WatchOptions): Watch {
  const session: ClientHttp2Session = connect(url);
  const { promise: ended, resolve, reject } = Promise.withResolvers<WatchEnd>();
  const stream = session.request({
    ':method': 'POST',
    ':path': '/behest.v1.RunService/WatchRun',
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${token}`,
  });
  const frames = new Frames();
  let at = 0;
  stream.on('data', (chunk: Buffer) => {
    if (frames.count === 0) onFirst();
    frames.add(chunk);
    at = Date.now();
  });
  stream.on('trailers', (trailers) => {
    const status = trailers['grpc-status'];
    const cases = frames.last.map((bytes) => fromBinary(RunEventSchema, bytes).event.case);
    const hasEnded = cases.some((each) => each === 'complete' || each === 'error');
    if (status === '0' && hasEnded) resolve({ events: frames.count, at });
    else reject(new Error(`run ${runId}: status ${String(status)} after ${cases.join(', ')}`));
  });
  session.on('error', reject);
  stream.on('error', reject);
  stream.on('close', () => session.close());
  const body = toBinary(WatchRunRequestSchema, create(WatchRunRequestSchema, { runId }));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([head, body]));
  return { ended, leave: () => session.destroy() };
}

/** Counts length-prefixed messages and keeps the last ones. */
class Frames {
  count = 0;
  last: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 5) {
      const end = 5 + bytes.readUInt32BE(1);
      if (bytes.length < end) break;
      this.count += 1;
      this.last.push(bytes.subarray(5, end));
      if (this.last.length > 2 * LAST) this.last = this.last.slice(-LAST);
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}

/** Server-sent events over HTTP/1.1. */
export function watchBySse({ url, token, runId, onFirst }: WatchOptions): Watch {
  const { promise: ended, resolve, reject } = Promise.withResolvers<WatchEnd>();
  const asked = request(`${url}/jobs/${runId}/stream`, {
    agent: false,
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
  });
  asked.on('error', reject);
  asked.on('response', (response) => {
    let events = 0;
    let at = 0;
    let tail = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      if (events === 0) onFirst();
      // An event's first line may be cut in two by the network.
      const lines = (tail + text).split('\n');
      tail = lines.pop() ?? '';
      events += lines.filter((line) => line.startsWith('event: ')).length;
      at = Date.now();
      if (lines.some((line) => line === 'event: complete' || line === 'event: error')) {
        response.once('end', () => resolve({ events, at }));
      }
    });
    response.on('close', () => reject(new Error(`run ${runId}: the stream broke`)));
  });
  asked.end();
  return { ended, leave: () => asked.destroy() };
}
