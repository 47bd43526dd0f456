import { describe, expect, it } from 'vitest';
import { describeDeployment } from '../../src/commands/deploy/result.ts';
import { compressStripes } from '../../src/deploy/compress.ts';
import { deployNetwork } from '../../src/deploy/deploy.ts';
import { expectForms } from '../../src/deploy/expect.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { hardlyFaster } from '../../src/report/deployed-network.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { maskedNetwork } from '../support/masked-network.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';
import { machine } from '../support/timing-machine.ts';

const deployedOn = (msOf: (graph: Graph) => number, network = maskedNetwork()) =>
  deployNetwork(network, { executor: onnxruntime, timer: machine(msOf), seconds: 0.01 });

const perMac = (graph: Graph): number => costs(graph).macs / 1e6;
const perNode = ({ nodes }: Graph): number => nodes.length;

async function difference(a: Graph, b: Graph): Promise<number> {
  const input = normals([3, 32, 16, 16], 11);
  return relativeError(await outputOf(a, input), await outputOf(b, input));
}

describe('deployNetwork', () => {
  it('skips what is dead where that is quicker, and computes the same', async () => {
    const network = maskedNetwork();
    const { graph, layers, macs, latency, quotient } = await deployedOn(perMac, network);
    expect(await difference(graph, network)).toBeLessThan(1e-5);
    expect(layers.map(({ form }) => form)).not.toContain('dense');
    expect(macs.after).toBe(costs(graph).macs);
    expect(macs.live).toBeLessThan(macs.after);
    expect(latency.ratio).toBeCloseTo(macs.before / macs.after, 5);
    expect(quotient).toBeCloseTo(macs.live / macs.after, 5);
    expect(graph.nodes.map(({ op }) => op)).not.toContain('BatchNormalization');
  });

  it('is never slower than the dense network: where other forms are, it is that one', async () => {
    const network = maskedNetwork();
    const deployed = await deployedOn(perNode, network);
    expect(deployed.layers.map(({ form }) => form)).toEqual(['dense', 'dense']);
    expect(deployed.graph.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(2);
    expect(await difference(deployed.graph, network)).toBeLessThan(1e-5);
  });

  it('does not trust layers alone: what is quick between neighbours may be slow in the network', async () => {
    const inNetwork = (graph: Graph) => graph.nodes.some(({ op }) => op === 'Gemm');
    const { layers } = await deployedOn((graph) => (inNetwork(graph) ? perNode(graph) : perMac(graph)));
    const chosen = layers.map(({ form, forms }) => [form, forms.some(({ ms }) => ms < forms[0]!.ms)]);
    expect(chosen).toEqual([
      ['dense', true],
      ['dense', true],
    ]);
  });

  it('does not trust layers alone: what is slow between neighbours may be quick in the network', async () => {
    const inNetwork = (graph: Graph) => graph.nodes.some(({ op }) => op === 'Gemm');
    const convolutions = (graph: Graph) => graph.nodes.filter(({ op }) => op === 'Conv').length;
    const preferringDense = (graph: Graph) => 4 * convolutions(graph) - perMac(graph);
    const { layers } = await deployedOn((graph) =>
      inNetwork(graph) ? perMac(graph) : preferringDense(graph),
    );
    for (const { form, forms } of layers) {
      expect(form).not.toBe('dense');
      expect(forms.slice(1).every(({ ms }) => ms > 1.15 * forms[0]!.ms)).toBe(true);
    }
  });

  it('is the form that is written beside it where that is quicker', async () => {
    const network = maskedNetwork();
    const { lowered } = await compressStripes(network, { executor: onnxruntime, form: 'stripe' });
    const { graph, layers, multiple } = await deployNetwork(network, {
      executor: onnxruntime,
      timer: machine((made) => 100 / perNode(made)),
      seconds: 0.01,
      written: lowered,
    });
    expect([graph, multiple]).toEqual([lowered.graph, 1]);
    expect(layers.map(({ name, form }) => ({ name, form }))).toEqual(lowered.layers);
  });

  it('weights that are Constant nodes become initializers, which engines pack in advance', async () => {
    const network = maskedNetwork();
    const [moved] = network.initializers.splice(
      network.initializers.findIndex(({ name }) => name === 'conv2.weight'),
      1,
    );
    const g = builderOf(network);
    const { tensor } = moved!;
    moved!.tensor = null;
    network.nodes.unshift({
      ...g.graph.nodes[0]!,
      op: 'Constant',
      name: 'made',
      inputs: [],
      outputs: [moved!],
      attributes: { value: { kind: 'tensor', value: tensor! } },
    });
    const before = cloneGraph(network);
    const { graph } = await deployedOn(perMac, network);
    expect(graph.nodes.map(({ op }) => op)).not.toContain('Constant');
    expect(await difference(graph, before)).toBeLessThan(1e-5);
  });

  it('takes the widths that are quickest: filled up where an engine likes blocks', async () => {
    const odd = (graph: Graph) =>
      graph.nodes.filter(({ op, inputs }) => op === 'Conv' && inputs[1]!.tensor!.shape[0]! % 16 !== 0).length;
    const { graph, multiple } = await deployedOn((network) => 1 + odd(network));
    expect([multiple > 1, odd(graph)]).toEqual([true, 0]);
  });

  it('tries the forms that were planned', async () => {
    const network = maskedNetwork();
    const plan = await expectForms(network, { executor: onnxruntime });
    const { layers, macs, leftAlone } = await deployedOn(perMac, network);
    const costsOf = (forms: readonly { readonly form: string; readonly macs: number }[]) =>
      forms.map(({ form, macs: count }) => [form, count]);
    expect(plan.layers.map(({ name, forms }) => [name, costsOf(forms)])).toEqual(
      layers.map(({ name, forms }) => [name, costsOf(forms)]),
    );
    expect(plan).toMatchObject({ leftAlone, macs: { before: macs.before, live: macs.live } });
  });

  it('says where nothing is gained, and why', async () => {
    const none = await deployedOn(perMac, plainNetwork({ channels: 32, size: 16 }));
    expect(hardlyFaster(none)).toMatch(
      /not measurably faster than the original .*no convolution has a zero stripe; smaller zeros/,
    );
    expect(hardlyFaster(await deployedOn(perMac))).toBeNull();
    expect(describeDeployment(none)).not.toContain('form');
  });
});
