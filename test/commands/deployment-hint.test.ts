import { expect, it } from 'vitest';
import { deploymentHint } from '../../src/commands/deployment-hint.ts';

const macs = { before: 40, live: 16, after: 16 };
const latency = (ratio: number) => ({
  before: ratio,
  after: 1,
  ratio,
  ratioSpread: [ratio - 0.02, ratio + 0.02] as const,
});

it('names onnxruntime where its fastest form gains, and compile for browsers', () => {
  const hint = deploymentHint({
    model: 'run/model.onnx',
    gain: { macs, latency: latency(1.9) },
    compiled: null,
  });
  expect(hint).toContain('1.90× as fast (1.88× – 1.92×) of 2.50×');
  expect(hint).toContain('espalier deploy run/model-dense.onnx');
  expect(hint).toContain('for browsers: espalier compile run/model-dense.onnx');
});

it('names compile where onnxruntime gains nothing, or the folder that was compiled', () => {
  const gain = { macs, latency: latency(1) };
  expect(deploymentHint({ model: 'masked.onnx', gain, compiled: null })).toMatch(
    /gains nothing .* suggest 2\.50×; .*: espalier compile masked\.onnx/,
  );
  const compiled = { out: 'run/compiled', ms: 1, error: 0 };
  const hint = deploymentHint({ model: 'run/model.onnx', gain, compiled });
  expect(hint).toMatch(/: run\/compiled\/model\.js$/);
});
