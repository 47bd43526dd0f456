import { describe, expect, it } from 'vitest';
import type { Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { relativeError } from '../support/relative-error.ts';
import { both, type Killing, trained, without } from '../support/shrinking-runs.ts';
import { plainNetwork, residualNetwork } from '../support/small-network.ts';

/** T[rows, columns] of a tensor [M, C, …]; all where null. */
function part(
  state: Tensors,
  name: string,
  [rows, columns]: readonly (readonly number[] | null)[],
): number[] {
  const { data: all, shape } = state[name]!;
  const [filters = 0, channels = 1, ...kernel] = shape;
  const size = kernel.reduce((a, b) => a * b, 1);
  const picked: number[] = [];
  for (const m of rows ?? Array(filters).keys()) {
    for (const c of columns ?? Array(channels).keys()) {
      const from = (m * channels + c) * size;
      picked.push(...(all as Float32Array).subarray(from, from + size));
    }
  }
  return picked;
}

const shapeIn = (state: Tensors, name: string) => state[name]?.shape;

const killing: Killing = { afterStep: 2, filters: { 'block.conv1': [0, 5, 11] } };

describe('a network that shrinks while it trains', () => {
  it.each([
    ['sgd', ['momentum']],
    ['adamw', ['mean', 'variance']],
  ] as const)('goes the way of one that keeps its dead filters, with %s', async (optimizer, slots) => {
    const learningRate = optimizer === 'sgd' ? 0.02 : 0.002;
    const { kept, shrunk, lossError, outputError } = await both(residualNetwork(), killing, {
      optimizer,
      learningRate,
    });
    expect(lossError).toBeLessThan(1e-5);
    expect(outputError).toBeLessThan(1e-5);
    const live = without(12, [0, 5, 11]);
    const slices = {
      'block.conv1.weight': [live, null],
      'block.conv1.bn.scale': [live, null],
      'block.conv1.bn.shift': [live, null],
      'block.conv2.weight': [null, live],
      'stem.weight': [null, null],
    };
    const others = {
      'block.conv1.weight.skeleton': [live, null],
      'block.conv1.weight.skeleton.momentum': [live, null],
      'block.conv1.weight.skeleton.mask': [live, null],
      'block.conv2.weight.skeleton': [null, null],
      'block.conv1.bn.mean': [live, null],
      'block.conv1.bn.var': [live, null],
    };
    for (const [name, slice] of Object.entries(slices)) {
      for (const state of [name, ...slots.map((slot) => `${name}.${slot}`)]) {
        const error = relativeError(part(shrunk.state, state, [null, null]), part(kept.state, state, slice));
        expect([state, error < 1e-5]).toEqual([state, true]);
      }
    }
    for (const [name, slice] of Object.entries(others)) {
      const error = relativeError(part(shrunk.state, name, [null, null]), part(kept.state, name, slice));
      expect([name, error < 1e-5]).toEqual([name, true]);
    }
  });

  it('says how much of it trains, and shows every filter that it had', async () => {
    const { kept, shrunk } = await both(residualNetwork(), killing);
    const running = shrunk.epochs.map(({ metrics }) => metrics.macsRunning);
    // stem 3·8, block.conv1 8·12, block.conv2 12·8 channels of 9·64 MACs; fc 4·8.
    const macs = (inner: number) => (24 + 8 * inner + inner * 8) * 9 * 64 + 32;
    expect(running).toEqual([1, macs(9) / macs(12), macs(9) / macs(12)]);
    expect(kept.epochs.map(({ metrics }) => metrics.macsRunning)).toEqual([1, 1, 1]);
    const masks = (run: typeof shrunk) =>
      run.controller.shapes(run.network).map(({ layer, filters, masks }) => [layer, filters, masks]);
    expect(masks(shrunk)).toEqual(masks(kept));
    expect(masks(shrunk)[1]).toEqual([
      'block.conv1',
      12,
      [0, 511, 511, 511, 511, 0, 511, 511, 511, 511, 511, 0],
    ]);
    for (const name of ['macsKept', 'stripesKept']) {
      expect(shrunk.epochs.map(({ metrics }) => metrics[name])).toEqual(
        kept.epochs.map(({ metrics }) => metrics[name]),
      );
    }
  });

  it('waits while the shift of a filter that just died still shows', async () => {
    const late = { ...killing, afterStep: 4 };
    const { shrunk, lossError } = await both(residualNetwork(), late);
    expect(shrunk.epochs[1]!.metrics.macsRunning).toBe(1);
    expect(shrunk.epochs[2]!.metrics.macsRunning).toBeLessThan(1);
    expect(lossError).toBeLessThan(1e-5);
  });

  it('loses a branch that adds nothing, with all its state', async () => {
    const all = { afterStep: 2, filters: { 'block.conv2': [...Array(8).keys()] } };
    const { shrunk, lossError, outputError } = await both(residualNetwork(), all);
    expect(Object.keys(shrunk.state).filter((name) => name.startsWith('block'))).toEqual([]);
    expect(lossError).toBeLessThan(1e-5);
    expect(outputError).toBeLessThan(1e-5);
    const shapes = shrunk.controller.shapes(shrunk.network);
    expect(shapes.map(({ layer, filters }) => [layer, filters])).toEqual([
      ['stem', 8],
      ['block.conv1', 12],
      ['block.conv2', 8],
    ]);
    expect(new Set(shapes[2]!.masks)).toEqual(new Set([0]));
  });

  it('keeps a branch whose filters are dead in front of a shift that trains on', async () => {
    const all = { afterStep: 2, filters: { 'block.conv1': [...Array(12).keys()] } };
    const { shrunk, lossError } = await both(residualNetwork(), all);
    expect(shapeIn(shrunk.state, 'block.conv1.weight')).toEqual([1, 8, 3, 3]);
    expect(shapeIn(shrunk.state, 'block.conv2.weight')).toEqual([8, 1, 3, 3]);
    expect(lossError).toBeLessThan(1e-5);
  });

  it('keeps filters that share their channel, and zeros that only start there', async () => {
    const network = residualNetwork();
    for (const name of ['block.conv2.bn.scale', 'block.conv2.bn.shift']) {
      const value = network.initializers.find((candidate) => candidate.name === name)!;
      value.tensor = { ...value.tensor!, data: new Float32Array(8) };
    }
    const { shrunk } = await both(network, { afterStep: 2, filters: { stem: [1] } });
    expect(shapeIn(shrunk.state, 'stem.weight')).toEqual([8, 3, 3, 3]);
    expect(shapeIn(shrunk.state, 'block.conv2.weight')).toEqual([8, 12, 3, 3]);
  });

  it('rounds widths up to a multiple', async () => {
    const settings = { shrinkMultiple: 4 };
    const filters = { conv1: [1, 3, 4], conv2: [0, 1, 2, 3, 7] };
    const { shrunk, lossError } = await both(plainNetwork(), { afterStep: 2, filters }, settings);
    expect(shapeIn(shrunk.state, 'conv1.weight')).toEqual([8, 3, 3, 3]); // 5 live of 8
    expect(shapeIn(shrunk.state, 'conv2.weight')).toEqual([8, 8, 3, 3]); // 7 live of 12
    expect(lossError).toBeLessThan(1e-5);
    const [, second] = shrunk.controller.shapes(shrunk.network);
    expect(second!.masks.map((mask) => mask !== 0)).toEqual(
      [...Array(12).keys()].map((m) => !filters.conv2.includes(m)),
    );
  });

  it('shrinks alike where weights are frozen', async () => {
    const { shrunk, lossError, outputError } = await both(residualNetwork(), killing, {
      freezeWeights: true,
    });
    expect(shapeIn(shrunk.state, 'block.conv1.weight.skeleton')).toEqual([9, 3, 3]);
    expect(lossError).toBeLessThan(1e-5);
    expect(outputError).toBeLessThan(1e-5);
  });

  it('says so when nothing would be left', async () => {
    const all = { afterStep: 2, filters: { conv1: [...Array(8).keys()] } };
    const network = await prepareNetwork(plainNetwork(), onnxruntime);
    await expect(trained(network, [all])).rejects.toThrow('conv1: all filters are zero');
  });
});
