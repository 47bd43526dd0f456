import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deploy } from '../../src/commands/deploy/deploy.ts';
import { describeDeployment, hardlyFaster } from '../../src/commands/deploy/result.ts';
import { deployNetwork } from '../../src/deploy/deploy.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { cloneGraph } from '../../src/graph/clone.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Benchmark } from '../../src/measure/latency.ts';
import { costs } from '../../src/measure/macs.ts';
import type { Timer } from '../../src/measure/timer.ts';
import { temporaryTimings } from '../../src/measure/timings.ts';
import { relativeError } from '../../src/numeric/statistics.ts';
import { parseModel, readModelFile, writeModelFile } from '../../src/onnx/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { runCommand, silent } from '../support/run-command.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork, zero } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Two layers whose filters keep a point or a row; 3 of the first layer's are dead. */
function masked(): Graph {
  const graph = plainNetwork({ channels: 32, size: 16, widths: [48, 64] });
  for (const name of ['conv1', 'conv2']) {
    const weight = graph.initializers.find((value) => value.name === `${name}.weight`)!;
    const perFilter = weight.tensor!.data.length / weight.tensor!.shape[0]!;
    zero(weight, (i) => ![[4], [3, 4, 5]][Math.floor(i / perFilter) % 2]!.includes(i % 9));
  }
  for (const part of ['conv1.weight', 'conv1.bn.shift']) {
    const value = graph.initializers.find(({ name }) => name === part)!;
    const perFilter = value.tensor!.data.length / 48;
    zero(value, (i) => i < 3 * perFilter);
  }
  return graph;
}

/** A machine on which a model takes as long as a rule says. */
function machine(msOf: (graph: Graph) => number): Timer {
  const benchmark: Timer['benchmark'] = async (models) => {
    const times = models.map((bytes) => ({
      minMs: msOf(parseModel(bytes as Uint8Array)),
      ratioSpread: [1, 1],
    }));
    return { models: times, threads: 1, batch: 1, rounds: 1 } as unknown as Benchmark;
  };
  return { benchmark, engine: 'test', threads: 1, timings: temporaryTimings() };
}

const deployedOn = (msOf: (graph: Graph) => number, network = masked()) =>
  deployNetwork(network, { executor: onnxruntime, timer: machine(msOf), seconds: 0.01 });

const perMac = (graph: Graph): number => costs(graph).macs / 1e6;
const perNode = ({ nodes }: Graph): number => nodes.length;

async function difference(a: Graph, b: Graph): Promise<number> {
  const input = normals([3, 32, 16, 16], 11);
  return relativeError(await outputOf(a, input), await outputOf(b, input));
}

describe('deployNetwork', () => {
  it('skips what is dead where that is quicker, and computes the same', async () => {
    const network = masked();
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
    const network = masked();
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

  it('weights that are Constant nodes become initializers, which engines pack in advance', async () => {
    const network = masked();
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

  it('says where nothing is gained, and why', async () => {
    const none = await deployedOn(perMac, plainNetwork({ channels: 32, size: 16 }));
    expect(hardlyFaster(none)).toMatch(
      /under 5 % .*no convolution has a dead stripe; zeros smaller than stripes/,
    );
    expect(hardlyFaster(await deployedOn(perMac))).toBeNull();
    expect(describeDeployment(none)).not.toContain('form');
  });
});

describe('the command', () => {
  it('writes a file that computes the same, and says what was tried', async () => {
    const [model, out] = ['masked.onnx', 'fast.onnx'].map((name) => join(temporaryFolder(), name)) as [
      string,
      string,
    ];
    writeModelFile(masked(), model);
    const found = await runCommand(deploy, [model], [{ out, seconds: '0.05', cache: false }, silent]);
    expect(found).toMatchObject({ out, target: 'node', threads: 1 });
    const layers = found.layers as {
      name: string;
      form: string;
      forms: { form: string; ms: number; macs: number }[];
    }[];
    expect(layers.map(({ name }) => name)).toEqual(['conv1', 'conv2']);
    for (const { form, forms } of layers) expect(forms.map((one) => one.form)).toContain(form);
    expect(await difference(readModelFile(out), masked())).toBeLessThan(1e-5);
  });
});
