import { gzipSync } from 'node:zlib';
import { fromJsonString, toBinary, type DescMethod } from '@bufbuild/protobuf';
import type { Dice } from '../simulation/dice.ts';
import { nested } from './nasty.ts';
import { oddHeaders } from './rest-shots.ts';
import { messageText, type Known } from './shape.ts';
import type { Shot } from './shot.ts';

const protocols = [
  'connect-json',
  'connect-proto',
  'grpc',
  'grpc-json',
  'grpc-web',
  'connect-get',
] as const;

type Protocol = (typeof protocols)[number];

/** A call of this method in any protocol, from almost right to noise. */
export function rpcShot(dice: Dice, rpc: DescMethod, known: Known): Shot {
  const isStream = rpc.methodKind !== 'unary';
  const protocol = dice.pick(protocols);
  const path = `/${rpc.parent.typeName}/${rpc.name}`;
  const label = `${protocol} ${path}`;
  const message = contentOf(dice, { rpc, known, isBinary: !/json|get/.test(protocol) });
  const headers = { ...(dice.chance(0.3) ? oddHeaders(dice) : {}) };
  if (protocol === 'connect-get') {
    const query = new URLSearchParams({
      connect: dice.pick(['v1', 'v2', '']),
      encoding: dice.pick(['json', 'json', 'proto', 'x']),
      message: message.toString('latin1').slice(0, 3000).toWellFormed(),
      ...(dice.chance(0.2) ? { base64: '1' } : {}),
      ...(dice.chance(0.1) ? { compression: dice.pick(['gzip', 'x']) } : {}),
    });
    const get = { method: 'GET', path: `${path}?${query.toString()}`, body: Buffer.alloc(0) };
    return { label, http: dice.pick([1, 2]), headers, isStream, ...get };
  }
  const { type, isEnveloped } = framing(protocol, isStream);
  const body = isEnveloped ? envelope(dice, message) : message;
  return {
    label,
    http: protocol.startsWith('grpc') && protocol !== 'grpc-web' ? 2 : dice.pick([1, 2]),
    method: 'POST',
    path,
    headers: { 'content-type': type, te: 'trailers', ...headers },
    body,
    isStream,
  };
}

function framing(protocol: Protocol, isStream: boolean): { type: string; isEnveloped: boolean } {
  if (protocol === 'grpc') return { type: 'application/grpc', isEnveloped: true };
  if (protocol === 'grpc-json') return { type: 'application/grpc+json', isEnveloped: true };
  if (protocol === 'grpc-web') return { type: 'application/grpc-web+proto', isEnveloped: true };
  const format = protocol === 'connect-proto' ? 'proto' : 'json';
  const type = isStream ? `application/connect+${format}` : `application/${format}`;
  return { type, isEnveloped: isStream };
}

interface Content {
  readonly rpc: DescMethod;
  readonly known: Known;
  readonly isBinary: boolean;
}

function contentOf(dice: Dice, { rpc, known, isBinary }: Content): Buffer {
  if (dice.chance(0.03))
    return Buffer.from(nested(100_000, dice.pick(['lists', 'objects'] as const)));
  const text = messageText(dice, rpc.input, known);
  if (!isBinary) return Buffer.from(text);
  const bytes = binaryOf(rpc, text) ?? deepValue(dice.pick([3, 99, 101, 2000]));
  if (dice.chance(0.75)) return bytes;
  const changed = Buffer.from(bytes);
  for (let i = 0; i < 3 && changed.length > 0; i += 1) {
    changed[dice.below(changed.length)] = dice.below(256);
  }
  return dice.chance(0.5) ? changed : changed.subarray(0, dice.below(changed.length + 1));
}

function binaryOf(rpc: DescMethod, text: string): Buffer | null {
  try {
    return Buffer.from(toBinary(rpc.input, fromJsonString(rpc.input, text)));
  } catch {
    // Not every text of the generator is a message; the caller sends something else then.
    return null;
  }
}

/** Lists in lists of google.protobuf.Value as field 3, where most requests have their input. */
function deepValue(depth: number): Buffer {
  let inner: Buffer = Buffer.from([0x08, 0x00]);
  for (let i = 0; i < depth; i += 1) {
    inner = field(6, field(1, inner));
    if (inner.length > 200_000) break;
  }
  return field(3, inner);
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}

/** Five bytes before the message; not always the right ones. */
function envelope(dice: Dice, message: Buffer): Buffer {
  const isCompressed = dice.chance(0.08);
  const content = isCompressed && dice.chance(0.5) ? gzipSync(message) : message;
  const head = Buffer.alloc(5);
  head[0] = isCompressed ? 1 : dice.chance(0.03) ? dice.below(256) : 0;
  head.writeUInt32BE(dice.chance(0.05) ? dice.pick([0, 5, 0xffffffff]) : content.length, 1);
  const whole = Buffer.concat([head, content]);
  return dice.chance(0.05) ? Buffer.concat([whole, whole]) : whole;
}
