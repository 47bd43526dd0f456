import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../src/commands/command.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { type Raw, runCommand } from '../support/run-command.ts';
import { normals } from '../support/run-graph.ts';

let folder = '';
const model = () => join(folder, 'model.onnx');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-globs-'));
  const graph = emptyGraph('named');
  const g = builderOf(graph);
  const conv = (name: string, seed: number) => ({
    to: (x: ReturnType<typeof g.Relu>, filters: number, channels: number) =>
      g.named(name).Conv(x, g.constant(normals([filters, channels, 1, 1], seed, 0.5))),
  });
  const x = g.input('x', 'float32', [1, 8, 4, 4]);
  const first = g.Relu(conv('stage1/first', 1).to(x, 8, 8));
  const second = g.Relu(conv('stage2/second', 2).to(first, 8, 8));
  g.output(conv('head/preds', 3).to(g.named('join').Add(second, first), 4, 8), 'y');
  writeModelFile(graph, model());
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a glob that names nothing is refused, with the names that are near', () => {
  it.each<[string, Command, Raw, string]>([
    [
      'prune',
      pruneCommand,
      { ratio: '0.5', exclude: 'stage1/*,head/pred' },
      '--exclude: no layer is named head/pred',
    ],
    [
      'prune',
      pruneCommand,
      { ratio: '0.5', layerRatio: 'stage3*=0.5' },
      '--layer-ratio: no layer is named stage3*',
    ],
    [
      'prune',
      pruneCommand,
      { ratio: '0.5', granularity: 'weight', exclude: 'stage9/*' },
      '--exclude: no layer is named stage9/*',
    ],
    ['prune', pruneCommand, { explain: 'first' }, '--explain: no layer is named first'],
    ['rmnet', rmnet, { only: 'add1' }, '--only: no Add is named add1, expected one of join'],
  ])('%s %#', async (_, command, raw, message) => {
    const out = join(folder, 'out.onnx');
    await expect(runCommand(command, [model()], [{ ...raw, out }])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });
});

describe('--explain', () => {
  const explained = async (raw: Raw) => {
    const { groups } = await runCommand(pruneCommand, [model()], [raw]);
    return (groups as { layers: string[] }[]).map(({ layers }) => layers);
  };

  it('says what was asked for alone', async () => {
    expect(await explained({ ratio: '0.5', explain: 'head/*' })).toEqual([['head/preds']]);
    expect(await explained({ ratio: '0.5', explain: '*second' })).toEqual([
      ['stage1/first', 'stage2/second'],
    ]);
  });

  it('needs no target', async () => {
    expect(await explained({ explain: 'head/preds' })).toEqual([['head/preds']]);
  });
});
