import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advance } from '../../src/controller/advance.ts';
import { decisionId } from '../../src/engine/decision.ts';
import type { Fact } from '../../src/engine/fact.ts';
import { outstanding } from '../../src/engine/outstanding.ts';
import { plan } from '../../src/engine/plan.ts';
import { recount } from '../../src/engine/settle.ts';
import { isSettled } from '../../src/engine/state.ts';
import { compile } from '../../src/graph/compile.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { randomGraph } from './random-graph.ts';
import { World } from './world.ts';

const RUNS = Number(process.env['LAWS_RUNS'] ?? 2500);
/** More moves than any of these graphs can need: beyond it the run is stuck. */
const MOST_MOVES = 2000;

const input = fc.record({ flag: fc.boolean(), kind: fc.constantFrom('a', 'b', 'c') });
const behaviour = fc.record({
  retryable: fc.constantFrom(0, 0, 20, 50),
  hard: fc.constantFrom(0, 0, 5, 20),
  seed: fc.nat(1e6),
});
const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 });

function picker(start: number): (count: number) => number {
  let x = start;
  return (count) => {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    return count <= 1 ? 0 : (x >>> 8) % count;
  };
}

function worldOf(graph: Graph, parts: { input: never; behaviour: never }): World {
  const world = new World(compile(graph), parts.input, parts.behaviour);
  world.step([]);
  return world;
}

/** Runs the property over random graphs; fast-check prints the seed and the smallest failure. */
function law(check: (world: World, pick: (count: number) => number) => void): void {
  const property = fc.property(randomGraph, input, behaviour, seed, (graph, i, b, s) => {
    check(worldOf(graph, { input: i as never, behaviour: b as never }), picker(s));
  });
  fc.assert(property, { numRuns: RUNS });
}

function finish(world: World, pick: (count: number) => number, each?: () => void): void {
  for (let moves = 0; world.move(pick); moves += 1) {
    each?.();
    if (moves > MOST_MOVES) throw new Error('the run goes on for ever');
  }
}

describe('the seven laws, on random graphs with retries, failures and fan-outs', () => {
  test('total: every unfinished step has a decision, and every run comes to an end', () => {
    law((world, pick) => {
      finish(world, pick, () => {
        if (world.state.finished !== null) return;
        const decided = new Set(
          plan(world.program, world.state).map((each) => ('step' in each ? each.step : null)),
        );
        world.state.steps.forEach((step, index) => {
          if (!isSettled(step)) expect(decided).toContain(index);
        });
      });
      expect(world.state.finished).not.toBeNull();
    });
  });

  test('deterministic: a state folded anew sends exactly what is under way', () => {
    law((world, pick) => {
      finish(world, pick, () => {
        const { program, state } = world;
        if (state.cancellingSince !== null || world.resume !== null) return;
        const replayed = world.replayed();
        const result = advance(program, replayed, { facts: [], now: world.now });
        expect(result.recorded).toEqual([]);
        const key = (ref: { step: number; item: number; attempt: number }) =>
          `${ref.step}.${ref.item}.${ref.attempt}`;
        expect(result.tasks.map(key).sort()).toEqual(outstanding(program, state).map(key).sort());
        expect(World.face(replayed)).toEqual(World.face(state));
      });
      expect(World.face(world.replayed())).toEqual(World.face(world.state));
    });
  });

  test('settling: when all decisions are carried out, only waits remain', () => {
    law((world, pick) => {
      finish(world, pick, () => {
        const left = plan(world.program, world.state).filter(
          (each) => !['wait', 'resume'].includes(each.kind),
        );
        expect(left).toEqual([]);
      });
    });
  });

  test('order-blind: whatever the order of the results, a run without failures ends the same', () => {
    const property = fc.property(randomGraph, input, seed, seed, (graph, i, one, two) => {
      const calm = { retryable: 30, hard: 0, seed: one } as never;
      const patient = { ...graph, timeoutMs: null, resume: { ...graph.resume, maxAttempts: 1000 } };
      const faces = [one, two].map((each) => {
        const world = worldOf(patient, { input: i as never, behaviour: calm });
        finish(world, picker(each));
        return World.face(world.state);
      });
      expect(faces[0]).toEqual(faces[1]);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test('monotone: duplicates and late results change nothing, a settled step stays settled', () => {
    law((world, pick) => {
      const settled = new Map<number, string>();
      finish(world, pick, () => {
        const before = JSON.stringify(World.face(world.state));
        const count = world.recorded.length;
        const old = world.past[pick(world.past.length)];
        if (old !== undefined) world.step([old, old]);
        expect(world.recorded.length).toBe(count);
        expect(JSON.stringify(World.face(world.state))).toBe(before);
        world.state.steps.forEach((step, index) => {
          const known = settled.get(index);
          if (known !== undefined) expect(step.status).toBe(known);
          if (isSettled(step)) settled.set(index, step.status);
        });
      });
    });
  });

  test('named: no two decisions of one plan share an id, no task is sent twice', () => {
    law((world, pick) => {
      finish(world, pick, () => {
        const ids = plan(world.program, world.state).map((each) =>
          decisionId(world.state.identity.id, each),
        );
        expect(new Set(ids).size).toBe(ids.length);
      });
    });
  });

  test('bounded: a fan-out never has more under way than maxParallel', () => {
    law((world, pick) => {
      finish(world, pick, () => {
        world.state.steps.forEach((step, index) => {
          const limit = world.program.steps[index]?.definition.maxParallel ?? Infinity;
          expect(step.fan?.running ?? 0).toBeLessThanOrEqual(limit);
        });
      });
    });
  });
});

describe('what people do to a run, at any moment', () => {
  test('a cancel ends every run as cancelled, or finds it ended or failing already', () => {
    law((world, pick) => {
      const moves = pick(12);
      for (let move = 0; move < moves; move += 1) world.move(pick);
      const wasEnding = world.state.ending !== null || world.state.section !== 'main';
      world.step([{ kind: 'cancelRequested', at: world.now, reason: 'test', by: 'me' }]);
      finish(world, pick);
      expect(world.state.finished).not.toBeNull();
      if (!wasEnding) expect(world.state.finished?.status).toBe('cancelled');
      expect(World.face(world.replayed())).toEqual(World.face(world.state));
    });
  });

  test('a retry of an ended run reopens it, replays the same, and ends again', () => {
    law((world, pick) => {
      finish(world, pick);
      const step = pick(world.state.steps.length + 1) - 1;
      const isMain = world.program.steps[step]?.section === 'main';
      const fact: Fact = {
        kind: 'reopened',
        at: world.now,
        steps: isMain ? [step] : [],
        cause: 'manual',
        by: 'me',
      };
      world.step([fact]);
      expect(World.face(world.replayed())).toEqual(World.face(world.state));
      finish(world, pick);
      expect(world.state.finished).not.toBeNull();
    });
  });

  test('the counters that make planning cheap equal a count from scratch', () => {
    law((world, pick) => {
      finish(world, pick, () => {
        if (world.state.cancellingSince !== null || world.state.section === 'done') return;
        const counted = world.replayed();
        recount(world.program, counted, world.now);
        for (const [index, step] of world.state.steps.entries()) {
          if (isSettled(step)) continue;
          const { pendingEdges, liveEdges, deadEdges } = counted.steps[index] ?? step;
          expect({ pendingEdges, liveEdges, deadEdges }).toEqual({
            pendingEdges: step.pendingEdges,
            liveEdges: step.liveEdges,
            deadEdges: step.deadEdges,
          });
        }
      });
    });
  });
});
