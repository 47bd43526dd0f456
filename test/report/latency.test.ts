import { describe, expect, it } from 'vitest';
import { makeRunRecord, renderReport } from '../../src/report/index.ts';
import { latencyChange, latencyMeasures, smallGain, speedText } from '../../src/report/latency.ts';

const spread = (low: number, high: number): readonly [number, number] => [low, high];
const measured = (medianMs: number, ratio: number, ratioSpread = spread(ratio, ratio)) =>
  latencyMeasures({ medianMs, minMs: 0.9 * medianMs, p90Ms: 1.1 * medianMs, ratio, ratioSpread });

describe('a speed is told with its spread', () => {
  it.each<[number, readonly [number, number], string, string | null]>([
    [1.5, [1.4, 1.6], '1.50× as fast (1.40× – 1.60×)', null],
    [1.5, [0.9, 2.1], 'no measurable difference (0.90× – 2.10×)', 'not measurably faster'],
    [1.03, [1.02, 1.04], '1.03× as fast (1.02× – 1.04×)', 'under 5 %'],
    [1.0, [0.99, 1.01], 'no measurable difference (0.99× – 1.01×)', 'not measurably faster'],
    [0.8, [0.7, 0.9], 'slower, 0.80× as fast (0.70× – 0.90×)', 'slower than the original'],
    [0.8, [0.7, 1.1], 'no measurable difference (0.70× – 1.10×)', 'not measurably faster'],
  ])('%f of %j: %s', (ratio, ratioSpread, text, warning) => {
    expect(speedText({ ratio, ratioSpread })).toBe(text);
    if (warning === null) expect(smallGain({ ratio, ratioSpread })).toBeNull();
    else expect(smallGain({ ratio, ratioSpread })).toContain(warning);
  });

  it('both times have their ranges', () => {
    expect(latencyChange(measured(3, 1), measured(2, 1.5, [1.4, 1.6]))).toBe(
      '3.00 ms (2.70 ms – 3.30 ms) → 2.00 ms (1.80 ms – 2.20 ms), 1.50× as fast (1.40× – 1.60×)',
    );
  });

  it('where a record has none, it says so', () => {
    expect(latencyChange({ latencyMs: 3 }, { latencyMs: 2 })).toBe(
      '3.00 ms → 2.00 ms, 1.50× as fast (spread not recorded)',
    );
  });
});

it('a report calls a spread around 1 no difference, and what is slower slower', async () => {
  const recipe = {
    command: 'prune',
    started: '2026-01-01T00:00:00.000Z',
    options: { model: 'x.onnx' },
    versions: {},
    machine: { processor: 'x', cores: 2 },
  };
  const page = (ratio: number, range: readonly [number, number]) => {
    const [before, after] = [measured(3, 1), measured(3 / ratio, ratio, range)];
    return renderReport(makeRunRecord(recipe, [{ type: 'result', before, after }]));
  };
  expect(await page(1.2, [0.8, 1.6])).toContain('no measurable difference (0.80× – 1.60×)');
  expect(await page(1.2, [0.8, 1.6])).not.toContain('as fast');
  expect(await page(0.8, [0.7, 0.9])).toContain('slower, 0.80× as fast');
  expect(await page(1.2, [1.1, 1.3])).not.toContain('class="warning"');
});
