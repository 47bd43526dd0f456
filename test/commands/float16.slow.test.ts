import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { deployCommand } from '../../src/commands/deploy/deploy.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import { writeModel } from '../../src/commands/write-model.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { mixedOperands } from '../../src/graph/operand-types.ts';
import { asFloat } from '../../src/numeric/float-conversion.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { verifyEquivalent, withElementType } from '../../src/rewrite/index.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { runCommand } from '../support/run-command.ts';
import { classifier, convolutionLayer } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder = '';
const file = (name: string) => join(folder, name);
let half = '';

/** A residual network in half precision; half of the first layer's filters are dead. */
function halfNetwork(): Graph {
  const g = builderOf(emptyGraph('half'));
  const x = g.Relu(
    convolutionLayer(g, g.input('x', 'float32', ['N', 3, 16, 16]), 'c1', { filters: 16, seed: 1 }),
  );
  const y = g.Relu(convolutionLayer(g, x, 'c2', { filters: 16, seed: 2 }));
  const z = convolutionLayer(g, y, 'c3', { filters: 16, seed: 3 });
  g.output(classifier(g, g.Relu(g.named('sum').Add(z, x)), 4), 'y');
  return withElementType(g.graph, 'float16');
}

beforeEach(() => {
  folder = temporaryFolder();
  half = file('half.onnx');
  writeModelFile(halfNetwork(), half);
});

/** What was written is half precision throughout, and loads. */
function expectHalf(path: string): Graph {
  const graph = readModelFile(path);
  expect([...graph.inputs, ...graph.outputs].map(({ dtype }) => dtype)).toEqual(['float16', 'float16']);
  const floating = graph.initializers.filter(({ dtype }) => dtype?.startsWith('float'));
  expect(new Set(floating.map(({ dtype }) => dtype))).toEqual(new Set(['float16']));
  expect(mixedOperands(graph)).toBeNull();
  return graph;
}

describe('a file in half precision', () => {
  test('is folded, and equal to what was given', async () => {
    const out = file('folded.onnx');
    const found = await runCommand(foldCommand, [half], [{ out }]);
    expect(found.folded).toBe(3);
    expect((await verifyEquivalent(readModelFile(half), expectHalf(out), { executor })).error).toBeLessThan(
      5e-3,
    );
  });

  test('loses residual connections and keeps its type', async () => {
    const out = file('plain.onnx');
    const { converted } = await runCommand(rmnet, [half], [{ out, benchSeconds: '0.05' }]);
    expect(converted).toHaveLength(1);
    await verifyEquivalent(readModelFile(half), expectHalf(out), { executor });
  });

  test('is pruned and deployed in its type, and its bytes are those of the file', async () => {
    const out = file('pruned.onnx');
    const found = await runCommand(
      pruneCommand,
      [half],
      [{ ratio: '0.5', round: '1', out, benchSeconds: '0.05' }],
    );
    expect(expectHalf(out).nodes.length).toBeGreaterThan(0);
    const [before, after] = [found.before, found.after] as { bytes: number; parameters: number }[];
    expect(after!.parameters).toBeLessThan(0.8 * before!.parameters);
    expect(before!.bytes / before!.parameters).toBeLessThan(4);
    const deployed = file('deployed.onnx');
    await runCommand(deployCommand, [half], [{ out: deployed, seconds: '0.05', cache: false }]);
    await verifyEquivalent(readModelFile(half), expectHalf(deployed), { executor });
    const { inputs, bytes, parameters } = await runCommand(inspect, [half], [{}]);
    expect(inputs).toMatchObject([{ dtype: 'float16' }]);
    expect(Number(bytes)).toBeLessThan(3 * Number(parameters) + 3000);
  }, 20_000);

  test('loses stripes in its type', async () => {
    const out = file('stripes.onnx');
    const raw = { granularity: 'stripe', ratio: '0.3', out, benchSeconds: '0.05' };
    await runCommand(pruneCommand, [half], [raw]);
    expectHalf(out);
  }, 20_000);

  test('becomes float32 on request, and half again', async () => {
    const [wide, narrow] = [file('wide.onnx'), file('narrow.onnx')];
    await runCommand(foldCommand, [half], [{ out: wide, elementType: 'float32' }]);
    const graph = readModelFile(wide);
    expect([...graph.inputs, ...graph.outputs].map(({ dtype }) => dtype)).toEqual(['float32', 'float32']);
    await runCommand(foldCommand, [wide], [{ out: narrow, elementType: 'float16' }]);
    expectHalf(narrow);
  });
});

describe('a model that nothing should write', () => {
  test('mixes element types in one node', async () => {
    const graph = readModelFile(half);
    const weight = graph.nodes.find(({ op }) => op === 'Conv')!.inputs[1]!;
    weight.tensor = filled(weight.tensor!.shape, 1);
    weight.dtype = 'float32';
    await expect(writeModel(graph, file('mixed.onnx'))).rejects.toThrow(
      /^c1 \(Conv\): expected float16 as .*found float32: nothing was written/,
    );
  });

  test('bfloat16 is refused in one line that names the way out', async () => {
    const g = builderOf(emptyGraph('brain', 22));
    const weight = g.constant(asFloat(filled([4, 3, 3, 3], 0.5), 'bfloat16'));
    g.output(g.Conv(g.input('x', 'bfloat16', [1, 3, 8, 8]), weight), 'y');
    const [path, out] = [file('brain.onnx'), file('brain32.onnx')];
    writeModelFile(g.graph, path);
    await expect(runCommand(pruneCommand, [path], [{ ratio: '0.5', out }])).rejects.toThrow(
      /bfloat16: .* convert first with espalier fold --element-type float32/,
    );
    expect(
      Number((await runCommand(foldCommand, [path], [{ out, elementType: 'float32' }])).error),
    ).toBeLessThan(1e-5);
    expect(readModelFile(out).initializers.map(({ dtype }) => dtype)).toEqual(['float32']);
  });
});
