import { describe, expect, it } from 'vitest';
import { type MeasuredModel, measureInTurns } from '../../src/measure/rounds.ts';

/** A model whose samples take given milliseconds, after one run of warm-up and three that estimate its duration. */
function timedModel(path: string, samples: readonly number[]): MeasuredModel {
  const given = [...Array.from({ length: 4 }, () => samples[0]!), ...samples];
  return {
    path,
    open: async () => ({ time: async () => given.shift()!, close: async () => {} }),
  };
}

const measured = (...samples: readonly (readonly number[])[]) =>
  measureInTurns(
    samples.map((own, i) => timedModel(`model ${i + 1}`, own)),
    { rounds: samples[0]!.length, warmup: 1, warmupMs: 0 },
  );

describe('models in turns', () => {
  it('are compared with the first by medians, and within each round', async () => {
    const { models, rounds } = await measured([8, 10, 12], [4, 4, 6]);
    expect(rounds).toBe(3);
    expect(models[0]).toMatchObject({ ratio: 1, ratioSpread: [1, 1] });
    expect(models[1]).toMatchObject({ path: 'model 2', medianMs: 4, minMs: 4, p90Ms: 5.6, ratio: 2.5 });
    // 2, 2.5 and 2.
    expect(models[1]!.ratioSpread).toEqual([2, 2.25]);
  });

  it.each([
    [[5, 5, 5], undefined],
    [[9.8, 9.8, 9.8], 'barely faster than the first model: the gain of 2.0 % is under 5 %'],
    [[7, 8, 14], 'no measurable difference from the first model (25.0 %)'],
    [[16, 20, 25], 'slower than the first model (-50.0 %)'],
  ])('of %j ms beside 10 ms are warned of: %s', async (samples, warning) => {
    const { models } = await measured([10, 10, 10], samples);
    expect(models[0]!.warning).toBeUndefined();
    expect(models[1]!.warning).toBe(warning);
  });

  it.each([
    [[100, 2, 3], 'an interrupted run', 3],
    [[0, 0, 0], 'a clock that is too coarse', 5000],
  ])('are repeated for %j ms until a sample is long enough: %s', async (estimates, _, expected) => {
    const given = [1, ...estimates];
    const repetitions: number[] = [];
    const time = async (n: number) => {
      repetitions.push(n);
      return given.shift() ?? 1;
    };
    const model = { path: 'model', open: async () => ({ time, close: async () => {} }) };
    await measureInTurns([model], { rounds: 1, warmup: 1, warmupMs: 0, sampleMs: 5 });
    expect(repetitions).toEqual([1, 1, 1, 1, expected]);
  });
});
