import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { queueToken, type Subjects } from './subjects.ts';

const ACTIVITY_MAX_BYTES = 64 * 1024 * 1024;
const ACTIVITY_MAX_AGE_MS = 3_600_000;
/** A controller records what it took within moments; a killed one should not be waited for long. */
const REPORT_LEASE_MS = 4_000;

export type StreamSettings = Partial<StreamConfig> & { readonly name: string };
export type ConsumerSettings = Partial<ConsumerConfig> & { readonly durable_name: string };

/** A consumer and the stream that it reads. */
export interface Source {
  readonly stream: string;
  readonly consumer: ConsumerSettings;
}

/** What every process makes sure of at its start and after a loss. */
export function streamSettings(subjects: Subjects, replicas: number): StreamSettings[] {
  const shared = { retention: RetentionPolicy.Workqueue, storage: StorageType.File };
  // One message for each subject, and a subject names one attempt: a second publish of what is
  // still held is refused, however late it comes. Nats-Msg-Id would do it for two minutes only,
  // and would swallow within these the second sending of a task that was lost.
  const unique = {
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
  };
  const { taskStream, checkpointStream, activityStream } = subjects;
  return [
    {
      ...shared,
      ...unique,
      num_replicas: replicas,
      name: taskStream,
      subjects: [subjects.allTasks],
    },
    {
      ...shared,
      ...unique,
      num_replicas: replicas,
      name: checkpointStream,
      subjects: [subjects.allCheckpoints],
    },
    {
      ...shared,
      name: activityStream,
      subjects: [subjects.allActivity],
      discard: DiscardPolicy.Old,
      max_bytes: ACTIVITY_MAX_BYTES,
      max_age: nanos(ACTIVITY_MAX_AGE_MS),
    },
  ];
}

export function taskSource(subjects: Subjects, queue: string, leaseMs: number): Source {
  return {
    stream: subjects.taskStream,
    consumer: consumerSettings(queueToken(queue), subjects.queueTasks(queue), leaseMs),
  };
}

export function checkpointSource(subjects: Subjects): Source {
  return {
    stream: subjects.checkpointStream,
    consumer: consumerSettings('controllers', subjects.allCheckpoints, REPORT_LEASE_MS),
  };
}

export function activitySource(subjects: Subjects): Source {
  return {
    stream: subjects.activityStream,
    consumer: consumerSettings('controllers', subjects.allActivity, REPORT_LEASE_MS),
  };
}

function consumerSettings(name: string, filter: string, leaseMs: number): ConsumerSettings {
  return {
    durable_name: name,
    filter_subject: filter,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(leaseMs),
    deliver_policy: DeliverPolicy.All,
    max_deliver: -1,
    // Shared by all processes on this consumer; each bounds itself by what it asks for.
    max_ack_pending: -1,
    max_waiting: 4_096,
  };
}

/**
 * Creates a stream or brings it to these settings. Any number of processes may do so at once.
 * Resolves to when it was created, which tells a stream from one that was made anew.
 */
export async function ensureStream(
  jsm: JetStreamManager,
  settings: StreamSettings,
): Promise<string> {
  try {
    return (await jsm.streams.add(settings)).created;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NAME_IN_USE) throw error;
    return (await jsm.streams.update(settings.name, settings)).created;
  }
}

/** Deletes a stream with all that it holds; one that is not there is fine. */
export async function deleteStream(jsm: JetStreamManager, stream: string): Promise<void> {
  try {
    await jsm.streams.delete(stream);
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
  }
}

export function isStreamNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;
}

/** Creates a durable consumer or brings it to these settings. */
export async function ensureConsumer(jsm: JetStreamManager, source: Source): Promise<void> {
  const { stream, consumer } = source;
  try {
    await jsm.consumers.add(stream, consumer);
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    if (error.code === CONSUMER_EXISTS) {
      await jsm.consumers.update(stream, consumer.durable_name, consumer);
    } else if (error.status === SERVER_FAULT) {
      // A consumer whose files vanished under it cannot be updated, only made anew.
      await jsm.consumers.delete(stream, consumer.durable_name);
      await jsm.consumers.add(stream, consumer);
    } else throw error;
  }
}

export interface Backlog {
  /** Messages that it has not handed out. */
  readonly pending: number;
  /** Number of the newest message that was handed out to anybody. */
  readonly delivered: number;
  /**
   * Whether it reads what it was made to read, from a stream that is not behind it. A server that
   * was killed may come back with a consumer as it was and its stream empty (seen with nats-server
   * 2.9.10); then whatever is stored is skipped until the numbers have caught up.
   */
  readonly isSound: boolean;
}

/** How far a consumer is. */
export async function backlogOf(
  jsm: JetStreamManager,
  { stream, consumer }: Source,
): Promise<Backlog> {
  const { num_pending, delivered, config } = await jsm.consumers.info(
    stream,
    consumer.durable_name,
  );
  // Asked for afterwards, so that it is not behind only because time has passed.
  const { state } = await jsm.streams.info(stream);
  const isAsMade = config.filter_subject === consumer.filter_subject;
  const isSound = isAsMade && delivered.stream_seq <= state.last_seq;
  return { pending: num_pending, delivered: delivered.stream_seq, isSound };
}

/** Number of the newest message that a consumer has handed out; 0 where there is no consumer. */
export async function handedOut(
  jsm: JetStreamManager,
  stream: string,
  consumer: string,
): Promise<number> {
  try {
    return (await jsm.consumers.info(stream, consumer)).delivered.stream_seq;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND) return 0;
    throw error;
  }
}

export async function deleteConsumer(
  jsm: JetStreamManager,
  { stream, consumer }: Source,
): Promise<void> {
  await jsm.consumers.delete(stream, consumer.durable_name);
}

const STREAM_NOT_FOUND = 10059;
const STREAM_NAME_IN_USE = 10058;
const CONSUMER_EXISTS = 10148;
const CONSUMER_NOT_FOUND = 10014;
const SERVER_FAULT = 500;
