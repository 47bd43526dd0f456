import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { deployCommand } from '../../src/commands/deploy/deploy.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { floats, makeTensor } from '../../src/numeric/tensor.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { expectFloatWeights, expectLayersOfNumbers } from '../../src/quantization/expect-float.ts';
import { quantizeCalibrated } from '../../src/quantization/quantize.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { runCommand } from '../support/run-command.ts';
import { normals } from '../support/run-graph.ts';
import { residualNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const image = [3, 8, 8] as const;
const calibration = calibrationOf(image, [Array.from(normals([16, ...image], 5).data)]);
const { graph: int8 } = await quantizeCalibrated(residualNetwork(), { calibration, executor });

let file = (name: string) => name;
beforeEach(() => {
  const folder = temporaryFolder();
  file = (name) => join(folder, name);
  writeModelFile(int8, file('int8.onnx'));
});

const integersOf = (graph: Graph) =>
  graph.initializers
    .filter(({ dtype }) => dtype === 'int8')
    .reduce((sum, { tensor }) => sum + tensor!.data.length, 0);
const size = (name: string) => readFileSync(file(name)).length;

describe('a file of 8-bit integers', () => {
  test('keeps them through every command', async () => {
    const [model, out] = [file('int8.onnx'), file('out.onnx')];
    const benchSeconds = '0.05';
    await runCommand(foldCommand, [model], [{ out }]);
    expect([size('out.onnx'), integersOf(readModelFile(out))]).toEqual([size('int8.onnx'), integersOf(int8)]);
    await runCommand(rmnet, [model], [{ out, benchSeconds }]);
    expect(integersOf(readModelFile(out))).toBe(integersOf(int8));
    const { leftAlone } = await runCommand(deployCommand, [model], [{ out, seconds: '0.05', cache: false }]);
    expect(integersOf(readModelFile(out))).toBe(integersOf(int8));
    expect(leftAlone).toContainEqual({
      name: expect.any(String),
      reason: 'the network is already quantised to 8-bit integers',
    });
    const { error } = await runCommand(
      pruneCommand,
      [model],
      [{ ratio: '0.5', round: '1', out, benchSeconds }],
    );
    expect(Number(error)).toBeLessThan(1e-5);
    expect(size('out.onnx')).toBeLessThan(size('int8.onnx'));
  }, 20_000);

  test('is refused in one line where weights must be numbers, before anything is done', async () => {
    const raw = { granularity: 'stripe', ratio: '0.3', out: file('out.onnx') };
    await expect(runCommand(pruneCommand, [file('int8.onnx')], [raw])).rejects.toThrow(
      /int8.onnx: --granularity stripe needs a float network, found .* use the float model/,
    );
    expect(() => expectFloatWeights(int8, 'training', 'int8.onnx')).toThrow(
      /^int8.onnx: training needs a float network/,
    );
    const g = builderOf(emptyGraph('operators'));
    const [scale, zero] = [g.floats(0.1), g.constant(makeTensor('uint8', [], Uint8Array.of(0)))];
    const codes = g.QuantizeLinear(g.input('x', 'float32', [1, 3, 8, 8]), scale, zero);
    const weight = g.constant(makeTensor('uint8', [4, 3, 1, 1], new Uint8Array(12).fill(3)));
    const y = g
      .named('c1')
      .QLinearConv(codes, scale, zero, weight, g.constant(floats([], [0.1])), zero, scale, zero);
    g.output(g.DequantizeLinear(y, scale, zero), 'y');
    expect(() => expectLayersOfNumbers(g.graph, 'q.onnx')).toThrow(
      'q.onnx: c1 (QLinearConv) computes on integers: prune the float model',
    );
  });
});
