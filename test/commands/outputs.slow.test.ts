import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployCommand } from '../../src/commands/deploy/deploy.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { sensitivityCommand } from '../../src/commands/sensitivity/sensitivity.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Value } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { runCommand, silent } from '../support/run-command.ts';

const root = mkdtempSync(join(tmpdir(), 'espalier-outputs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (...parts: string[]) => join(root, ...parts);
const colours = { mean: '0.5,0.5,0.5', std: '0.25,0.25,0.25' };
const data = { data: at('images'), calibrationImages: '16', ...colours };
const quick = { round: '1', benchSeconds: '0.02' };

/** Writes a network of random weights. */
function write(
  name: string,
  body: (g: Builder, conv: (x: Value, to: number, kernel?: number) => Value) => void,
) {
  const { uniform } = random(11);
  const graph = emptyGraph(name);
  const g = builderOf(graph);
  const conv = (x: Value, to: number, kernel = 3) => {
    const from = x.shape![1] as number;
    const shape = [to, from, kernel, kernel];
    const weights = Array.from(
      { length: to * from * kernel * kernel },
      () => (uniform() - 0.5) / from ** 0.5,
    );
    const pads = new Array<number>(4).fill((kernel - 1) / 2);
    return g.named(`${name}${graph.nodes.length}`).Conv(x, g.floats(weights, shape), null, { pads });
  };
  body(g, conv);
  writeModelFile(graph, at(`${name}.onnx`));
  return at(`${name}.onnx`);
}

/** Classes and boxes from one trunk, and indices of the best places. */
const detector = () =>
  write('detector', (g, conv) => {
    const trunk = g.Relu(conv(g.input('x', 'float32', ['N', 3, 8, 8]), 8));
    const classes = conv(g.Relu(conv(trunk, 8)), 4, 1);
    g.output(classes, 'classes');
    g.output(conv(g.Relu(conv(trunk, 8)), 4, 1), 'boxes');
    g.output(g.ArgMax(classes, { axis: 1 }), 'best');
    g.output(g.Shape(classes), 'sizes');
  });

beforeAll(() => writeImageFolder(at('images'), { count: 16, size: 8, classes: 4, seed: 3 }));

describe('outputs', () => {
  it('count all: a branch that feeds the second output alone is not free', async () => {
    const model = detector();
    const raw = { ...data, ratios: '0.5', round: '1' };
    const { units } = await runCommand(sensitivityCommand, [model], [{ ...raw, out: at('all') }]);
    type Unit = {
      points: { outputErrors: Record<string, number>; outputError: number; loss: number | null }[];
    };
    const last = (units as Unit[]).map(({ points }) => points.at(-1)!);
    expect(last).toHaveLength(3);
    for (const { outputError, loss } of last) expect([outputError > 0.05, loss]).toEqual([true, null]);
    const boxes = last.find(({ outputErrors }) => outputErrors.classes === 0)!;
    expect(boxes.outputErrors).toEqual({ classes: 0, boxes: expect.any(Number), best: 0 });
    expect(boxes.outputError).toBeCloseTo(boxes.outputErrors.boxes! / 3);
    const chosen = await runCommand(
      sensitivityCommand,
      [model],
      [{ ...raw, outputs: 'b*', out: at('some') }],
    );
    expect(Object.keys((chosen.units as Unit[])[0]!.points[0]!.outputErrors)).toEqual(['boxes', 'best']);
    const wrong = runCommand(sensitivityCommand, [model], [{ ...raw, outputs: 'boxs', out: at('none') }]);
    await expect(wrong).rejects.toThrow('--outputs: no output is named boxs (did you mean boxes?)');
  });

  it('say what is lost after each stage, labels being ignored where there are no class scores', async () => {
    const notes: string[] = [];
    const context = { ...silent, note: (line: string) => void notes.push(line) };
    const raw = { ...data, ...quick, ratio: '0.4', out: at('pruned.onnx') };
    const result = await runCommand(pruneCommand, [detector()], [raw, context]);
    const [{ stages }] = result.steps as [{ stages: { stage: string; top1: null; outputErrors: object }[] }];
    expect(stages.map(({ stage, top1 }) => [stage, top1])).toEqual([
      ['cut', null],
      ['recalibrate', null],
      ['reconstruct', null],
    ]);
    for (const { outputErrors } of stages)
      expect(Object.keys(outputErrors)).toEqual(['classes', 'boxes', 'best']);
    expect(
      notes.filter((line) => line.startsWith('labels are ignored: expected class scores [N, 4]')),
    ).toHaveLength(1);
    expect(notes).toContain('output sizes is not compared: it does not depend on the image');
  });

  it.each([
    ['N', 5, 8, 8],
    ['N', 8, 8, 5],
  ])('agree pixel by pixel where they are maps [%s, %s, %s, %s]', async (...shape) => {
    const model = write(`segmenter${shape[1]}`, (g, conv) => {
      const maps = conv(g.Relu(conv(g.input('x', 'float32', ['N', 3, 8, 8]), 8)), 5, 1);
      g.output(shape[1] === 5 ? maps : g.Transpose(maps, { perm: [0, 2, 3, 1] }), 'mask');
    });
    const raw = { int8: true, data: at('images'), seconds: '0.02', ...colours, out: at('int8.onnx') };
    const { int8 } = await runCommand(deployCommand, [model], [raw]);
    const { agreement, accuracy } = int8 as {
      agreement: { outputs: object[]; sameClass: number };
      accuracy: null;
    };
    expect(accuracy).toBe(null);
    expect(agreement.outputs).toMatchObject([
      { name: 'mask', same: { of: 'pixels', part: agreement.sameClass } },
    ]);
    expect(agreement.sameClass).toBeGreaterThan(0.9);
    // 16 images of 64 pixels: an agreement image by image is a multiple of 1/16.
    expect(Number.isInteger(agreement.sameClass * 16 * 64)).toBe(true);
  });
});
