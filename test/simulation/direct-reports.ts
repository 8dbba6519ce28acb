import type { Delivery } from '../../src/bus/bus.ts';
import type { Offer } from '../../src/bus/holding.ts';
import type { Checkpoint } from '../../src/task/task.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './fake-clock.ts';
import type { HandedTasks } from './handed-tasks.ts';
import type { TransportWeather } from './lossy-queue.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { type Recorder, SimulatedPresence } from './simulated-presence.ts';

/** Who takes reports: at most so many unsettled checkpoints. */
export interface ReportTaker {
  readonly maxInFlight: number;
  readonly deliver: (batch: readonly Delivery<Checkpoint>[]) => void;
  inFlight: number;
}

/** A recorder that has not answered by then gets no more, ms. */
const ANSWER_MS = 2500;

type Left = readonly Checkpoint[];

/** Checkpoints straight from a runner to the controller that their run belongs to; nothing is stored. */
export class DirectReports {
  readonly presence: SimulatedPresence<ReportTaker>;
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #weather: TransportWeather;
  readonly #handed: HandedTasks;

  constructor(parts: {
    timeline: Timeline;
    dice: Dice;
    weather: TransportWeather;
    handed: HandedTasks;
  }) {
    this.#timeline = parts.timeline;
    this.#dice = parts.dice;
    this.#weather = parts.weather;
    this.#handed = parts.handed;
    this.presence = new SimulatedPresence(parts.timeline);
  }

  /** Resolves to the checkpoints that no controller has recorded, as far as the sender hears. */
  async send(sender: SimulatedProcess, checkpoints: Left): Promise<Checkpoint[]> {
    const groups = Map.groupBy(checkpoints, ({ runId }) => {
      return this.presence.recorderOf(sender, runId);
    });
    const sending = [...groups].map(([recorder, own]) =>
      recorder === null ? Promise.resolve(own) : this.#transmit({ sender, recorder }, own),
    );
    return (await Promise.all(sending)).flat();
  }

  #transmit(
    way: { sender: SimulatedProcess; recorder: Recorder<ReportTaker> },
    checkpoints: Left,
  ): Promise<Left> {
    const { sender, recorder } = way;
    const offer = this.#handed.offerOf(sender);
    return new Promise((resolve) => {
      if (!sender.acts()) return;
      const give = (left: Left) => {
        if (sender.isAlive) resolve(left);
      };
      const forget = () => {
        this.presence.forget(sender, recorder);
        give(checkpoints);
      };
      this.#timeline.after(ANSWER_MS, `${sender.name} waits for a report no more`, forget);
      this.#travel(`${recorder.process.name} hears a report`, () => {
        if (!recorder.process.isAlive) return this.#travel(`${sender.name} finds nobody`, forget);
        this.#receive(recorder, { checkpoints, offer }, (left) => {
          if (!recorder.process.acts()) return;
          this.#travel(`${sender.name} hears of its report`, () => give(left));
        });
      });
    });
  }

  /** `settled` is told of what was refused once each checkpoint is acknowledged or released. */
  #receive(
    { take, process }: Recorder<ReportTaker>,
    { checkpoints, offer }: { checkpoints: Left; offer: Offer | null },
    settled: (left: Left) => void,
  ): void {
    const refused: Checkpoint[] = [];
    let open = checkpoints.length;
    const hasRoom = take.inFlight < take.maxInFlight;
    const { offers } = this.#handed.desk(process);
    const closeOffer = offers.open(hasRoom ? offer : null, checkpoints);
    take.inFlight += open;
    const settle = (checkpoint: Checkpoint, isRecorded: boolean) => {
      if (!process.isAlive) return;
      if (!isRecorded) refused.push(checkpoint);
      open -= 1;
      if (open > 0) return;
      take.inFlight -= checkpoints.length;
      closeOffer();
      settled(refused);
    };
    const batch = structuredClone(checkpoints).map((message) => once(message, settle));
    if (hasRoom) take.deliver(batch);
    else for (const delivery of batch) delivery.release();
  }

  #travel(label: string, action: () => void): void {
    if (this.#dice.chance(this.#weather.lose)) return;
    this.#timeline.after(this.#dice.below(this.#weather.delayMs + 1), label, action);
  }
}

function once(
  message: Checkpoint,
  settle: (checkpoint: Checkpoint, isRecorded: boolean) => void,
): Delivery<Checkpoint> {
  let isSettled = false;
  const end = (isRecorded: boolean) => {
    if (isSettled) return;
    isSettled = true;
    settle(message, isRecorded);
  };
  return {
    message,
    deliveries: 1,
    ack: () => end(true),
    release: () => end(false),
    working: () => undefined,
    makeRoom: () => undefined,
  };
}
