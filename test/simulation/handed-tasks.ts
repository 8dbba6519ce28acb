import type { TaskRef } from '../../src/bus/bus.ts';
import type { Holding, Offer } from '../../src/bus/holding.ts';
import type { Task, TaskId } from '../../src/task/task.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './fake-clock.ts';
import { HandedDesk } from './handed-desk.ts';
import { HandedIntake, type HandedIntakeParts } from './handed-intake.ts';
import type { TransportWeather } from './lossy-queue.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const TELL_MS = 1000;
const ANSWER_MS = 300;
/** Longest way of a word; a question and its answer can take longer than is waited for. */
const LONGEST_WAY_MS = 200;

/** Faults to plant, for the test of the test. */
export interface HandedFaults {
  /** Controllers never notice that a runner is gone. */
  readonly believesForEver?: boolean;
  /** Nobody asks runners what they hold. */
  readonly asksNobody?: boolean;
}

export interface HandedTasksParts {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly weather: TransportWeather;
  readonly faults: HandedFaults;
  readonly isOurs: (process: SimulatedProcess, runId: string) => boolean;
  readonly recheck: (runId: string) => void;
}

/** Tasks straight from a controller to the runner whose report led to them; nothing stores them. */
export class HandedTasks {
  /** Those that went straight to a runner, and those lost with one that were sent again. */
  readonly counts = { handed: 0, handedAgain: 0 };
  readonly #parts: HandedTasksParts;
  readonly #intakes = new Map<string, HandedIntake>();
  readonly #desks = new Map<SimulatedProcess, HandedDesk>();
  /** The runners that they were sent to. */
  readonly #sentTo = new Map<TaskId, HandedIntake>();
  #underWay = 0;

  constructor(parts: HandedTasksParts) {
    this.#parts = parts;
  }

  /** None is under way, and no living runner holds any. */
  get isEmpty(): boolean {
    return this.#underWay === 0 && [...this.#intakes.values()].every(({ isEmpty }) => isEmpty);
  }

  /** A runner takes them from now on. */
  join(parts: HandedIntakeParts): HandedIntake {
    const intake = new HandedIntake(this.#parts.timeline, parts);
    this.#intakes.set(parts.process.name, intake);
    this.#tell(intake);
    return intake;
  }

  /** A controller's; it listens to the runners from the first call on. */
  desk(process: SimulatedProcess): HandedDesk {
    const known = this.#desks.get(process);
    if (known !== undefined) return known;
    const { timeline, faults, isOurs, recheck } = this.#parts;
    const { believesForEver = false } = faults;
    const view = { isOurs: (runId: string) => isOurs(process, runId), recheck };
    const made = new HandedDesk({ process, timeline, believesForEver, ...view });
    this.#desks.set(process, made);
    return made;
  }

  /** What a runner's report says that it has room for. */
  offerOf(process: SimulatedProcess): Offer | null {
    return this.#intakes.get(process.name)?.offer ?? null;
  }

  /** Sends to runners what they have offered to take. Returns the others. */
  hand(process: SimulatedProcess, tasks: readonly Task[]): readonly Task[] {
    const desk = this.#desks.get(process);
    if (desk === undefined) return tasks;
    return tasks.filter((task) => {
      const intake = this.#intakes.get(desk.offers.take(task) ?? '');
      if (intake === undefined) return true;
      if (process.acts()) this.#send(desk, { intake, task });
      return false;
    });
  }

  #send(desk: HandedDesk, { intake, task }: { intake: HandedIntake; task: Task }): void {
    const { timeline, dice, weather } = this.#parts;
    this.counts.handed += 1;
    this.#sentTo.set(task.id, intake);
    desk.lease(task.id, task.runId);
    if (dice.chance(weather.lose)) return;
    const sentAt = timeline.now;
    this.#underWay += 1;
    const delayMs = dice.below(weather.delayMs + 1);
    timeline.after(delayMs, `${intake.process.name} is handed ${task.id}`, () => {
      this.#underWay -= 1;
      intake.take(task, sentAt);
    });
  }

  /** These go by the queue now, each alone. */
  sentAlone(tasks: readonly Task[]): void {
    for (const { id } of tasks) {
      const intake = this.#sentTo.get(id);
      if (intake === undefined || intake.process.isAlive || !intake.holds(id)) continue;
      this.#sentTo.delete(id);
      this.counts.handedAgain += 1;
    }
  }

  /**
   * Which of these runners have, by their own word. Rejects when one that is believed alive does
   * not answer.
   */
  async find(process: SimulatedProcess, refs: readonly TaskRef[]): Promise<ReadonlySet<TaskId>> {
    if (this.#parts.faults.asksNobody === true) return new Set();
    const desk = this.desk(process);
    await desk.acquainted();
    const known = desk.takers;
    return desk.found(refs, known.length === 0 ? [] : await this.#ask(desk, known));
  }

  #ask(desk: HandedDesk, known: readonly string[]): Promise<readonly Holding[]> {
    const { process } = desk;
    const silent = new Set(known);
    const answers: Holding[] = [];
    return new Promise((resolve, reject) => {
      if (!process.acts()) return;
      let isOver = false;
      const end = (then: () => void) => {
        if (process.isAlive && !isOver) then();
        isOver = true;
      };
      const hear = (word: Holding) => {
        if (!process.isAlive || isOver) return;
        desk.hear(word);
        answers.push(word);
        silent.delete(word.taker);
        if (silent.size === 0) end(() => resolve(answers));
      };
      for (const intake of this.#intakes.values()) this.#question({ process, intake, hear });
      this.#parts.timeline.after(ANSWER_MS, `${process.name} waits for no more words`, () =>
        end(() => reject(new Error(`no word of what it holds from ${silent.size} runners`))),
      );
    });
  }

  #question(asked: {
    process: SimulatedProcess;
    intake: HandedIntake;
    hear: (word: Holding) => void;
  }): void {
    const { process, intake, hear } = asked;
    if (!intake.process.isAlive) return;
    this.#travel(`${intake.process.name} is asked what it holds`, () => {
      if (!intake.process.acts()) return;
      const { word } = intake;
      this.#travel(`${process.name} is answered`, () => hear(word));
    });
  }

  /** Each second, to every controller, for as long as it lives. */
  #tell(intake: HandedIntake): void {
    if (!intake.process.acts()) return;
    const { word } = intake;
    for (const desk of this.#desks.values()) {
      if (!desk.process.isAlive) continue;
      this.#travel(`${desk.process.name} hears what is held`, () => {
        if (desk.process.isAlive) desk.hear(word);
      });
    }
    const label = `${intake.process.name} tells what it holds`;
    if (!word.isLeaving) this.#parts.timeline.after(TELL_MS, label, () => this.#tell(intake));
  }

  #travel(label: string, action: () => void): void {
    const { timeline, dice, weather } = this.#parts;
    if (dice.chance(weather.lose)) return;
    timeline.after(dice.below(Math.min(LONGEST_WAY_MS, weather.delayMs) + 1), label, action);
  }
}
