import { describe, expect, it } from 'vitest';
import { type Tuner, tuneTiles } from '../../src/compile/tune.ts';
import { openCompiled } from '../../src/measure/compiled-runner.ts';
import { temporaryTimings } from '../../src/measure/temporary-timings.ts';
import { compileNetwork } from '../../src/runtime/webassembly/compile.ts';
import { tiles } from '../../src/runtime/webassembly/tile.ts';
import { threeConvolutions } from '../support/three-convolutions.ts';

/** Milliseconds of a kernel, in the n-th network that is opened. */
type Latency = (kernel: string, opened: number) => number;

/** An engine whose layers take what they are told to. */
function engineWith(latency: Latency) {
  const timed: string[] = [];
  let opened = 0;
  const tuner: Tuner = {
    engine: 'an engine',
    timings: temporaryTimings(),
    async openCompiled({ steps }) {
      opened += 1;
      const network = opened;
      return {
        loadMs: 0,
        time: async () => 0,
        async timeStep(step) {
          timed.push(`${network} ${steps[step]!.name}`);
          return latency(steps[step]!.kernel, network);
        },
        close: async () => {},
      };
    },
  };
  return { tuner, timed: () => new Set(timed), opened: () => opened };
}

async function kernelsOf(tuner: Tuner): Promise<string[]> {
  const graph = threeConvolutions();
  const { steps } = compileNetwork(graph, { chooseTile: await tuneTiles(graph, tuner) });
  return steps.filter(({ op }) => op === 'Conv').map(({ kernel }) => kernel);
}

describe('tuning', () => {
  it('chooses the fastest tile, timing layers that are alike once and known ones never', async () => {
    const { tuner, timed, opened } = engineWith((kernel) => (kernel === 'direct 2×4' ? 2 : 3));
    expect(await kernelsOf(tuner)).toEqual(Array(3).fill('direct 2×4'));
    // Two of the three layers differ: in two passes over all tiles.
    expect(timed().size).toBe(2 * 2 * tiles.length);
    expect(opened()).toBe(2 * tiles.length);
    expect(await kernelsOf(tuner)).toEqual(Array(3).fill('direct 2×4'));
    expect(opened()).toBe(2 * tiles.length);
  });

  it('keeps the predicted tile against a gain of 1 %, and where times never settle', async () => {
    const barely = engineWith((kernel) => (kernel === 'direct 2×4' ? 2.97 : 3));
    const predicted = await kernelsOf(barely.tuner);
    expect(predicted).not.toContain('direct 2×4');
    // In each pass another tile is the fastest by far.
    const restless = engineWith((_, opened) => ((opened - 1) % (tiles.length + 1) === 0 ? 2 ** -opened : 3));
    expect(await kernelsOf(restless.tuner)).toEqual(predicted);
    expect(restless.opened()).toBe(4 * tiles.length);
  });

  it('times steps in Node', async () => {
    const runner = await openCompiled(compileNetwork(threeConvolutions()));
    expect(await runner.timeStep(1, 3)).toBeGreaterThan(0);
    expect(await runner.time(2)).toBeGreaterThan(0);
  });
});
