import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { invocationOf } from '../../src/commands/command.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { parseRecipe } from '../../src/recipes/recipe-file.ts';
import { spellingsOf } from '../../src/recipes/typed-options.ts';
import { silent } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const named = (name: string) => commands.find((command) => command.name === name)!;
const running = [
  'inspect',
  'bench',
  'prune',
  'sensitivity',
  'rmnet',
  'deploy',
  'fold',
  'train',
  'swp',
  'graft',
  'eval',
];

/** A convolution of a signal of no name and no length, times a second input. */
function writeNetwork(path: string): void {
  const g = builderOf(emptyGraph('signal'));
  const x = g.Unsqueeze(g.input('x', 'float32', [null, null]), g.int64s([1]));
  const hidden = g.Relu(g.named('first').Conv(x, g.constant(filled([8, 1, 3], 0.1))));
  const y = g.named('last').Conv(hidden, g.constant(filled([2, 8, 1], 0.1)));
  g.output(g.Mul(y, g.input('e', 'float32', [2, 1])), 'y');
  writeModelFile(g.graph, path);
}

const call = async (name: string, model: string, raw: Record<string, string | string[] | boolean>) =>
  (await named(name).run(invocationOf(named(name), [model], raw), silent)).data as Record<string, unknown>;

describe('--input and --feed', () => {
  test.each(running)('%s takes them, in a recipe too', (name) => {
    expect(named(name).options.input?.repeats).toBe(true);
    expect(named(name).options.feed?.repeats).toBe(true);
    expect([...spellingsOf(named(name).options).keys()]).toEqual(expect.arrayContaining(['input', 'feed']));
    const step = { do: name, model: 'm.onnx', options: { input: ['x=1x3'], feed: 'e=e.npy' } };
    expect(parseRecipe(JSON.stringify({ name: 'r', steps: [step] }), 'r').steps[0]!.options).toEqual(
      step.options,
    );
  });

  test('a network of open, unnamed length is inspected, folded, pruned, converted and timed at a shape', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'model.onnx');
    const out = join(folder, 'out.onnx');
    writeNetwork(model);
    const raw = { input: 'x=1x34', out, benchSeconds: '0.01', seconds: '0.01' };
    expect((await call('inspect', model, { input: ['x=1x34'] })).macs).toBe(8 * 3 * 32 + 2 * 8 * 32);
    await expect(call('inspect', model, {})).rejects.toThrow('expected --size N, or --input x=1x');
    expect((await call('prune', model, { ...raw, ratio: '0.5', round: '1' })).error).toBeLessThan(1e-5);
    expect((await call('deploy', model, { ...raw, cache: false })).error).toBeLessThan(1e-5);
    await call('rmnet', model, raw);
    await call('fold', model, { input: 'x=1x34', out });
    expect((await call('bench', model, { ...raw, coldStarts: '1' })).models).toHaveLength(1);
  });

  test('inspect names the image input, what is beside it, and what that is fed with', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'model.onnx');
    const g = builderOf(emptyGraph('several'));
    const mask = g.input('mask', 'float32', ['N', 1, 'H', 'W']);
    const x = g.Transpose(g.input('x', 'float32', ['N', 'H', 'W', 3]), { perm: [0, 3, 1, 2] });
    const y = g.Conv(g.Mul(x, mask), g.constant(filled([8, 3, 3, 3], 0.1)));
    g.output(g.Mul(y, g.input('scale', 'float32', [])), 'y');
    writeModelFile(g.graph, model);
    const named = { input: 'x', layout: 'NHWC', channels: 3, batch: null };
    const free = await call('inspect', model, { size: '16' });
    expect(free.image).toEqual({ ...named, height: null, width: null });
    expect(free.otherInputs).toEqual([
      { name: 'mask', shape: ['N', 1, 'H', 'W'], fedWith: 'random numbers' },
      { name: 'scale', shape: [], fedWith: 'random numbers' },
    ]);
    const told = await call('inspect', model, { input: 'x=1x16x24x3' });
    expect(told.image).toEqual({ ...named, height: 16, width: 24 });
    expect(told.inputs).toContainEqual({ name: 'x', dtype: 'float32', shape: ['N', 'H', 'W', 3] });
  });

  test('what is wrong is said in a line that names it', async () => {
    const folder = temporaryFolder();
    const model = join(folder, 'model.onnx');
    writeNetwork(model);
    writeFileSync(join(folder, 'no.npy'), 'no');
    const wrong = (raw: Record<string, string>) => call('inspect', model, raw);
    await expect(wrong({ input: 'y=1x34' })).rejects.toThrow(
      'expected an input of the network (x, e), found y',
    );
    await expect(wrong({ input: 'x' })).rejects.toThrow('--input: expected NAME=SHAPE');
    await expect(wrong({ input: 'x=1x0' })).rejects.toThrow('--input: expected NAME=SHAPE');
    await expect(wrong({ feed: 'x=' })).rejects.toThrow('--feed: expected NAME=FILE');
    await expect(wrong({ feed: `x=${folder}/none.npy` })).rejects.toThrow('no such file');
    await expect(wrong({ feed: `x=${folder}/no.npy` })).rejects.toThrow(
      'expected a file written by numpy.save',
    );
  });
});
