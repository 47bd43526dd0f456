import { prepareForCompilation } from '../../src/compile/prepare.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { buildModel } from '../../src/models/index.ts';
import { random } from '../../src/numeric/random.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { removeResiduals } from '../../src/residual/removal-here.ts';
import { canonicalForm, formsOf } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { withRandomShapes } from './random-shapes.ts';
import { squeezenet } from './squeezenet.ts';

/** A network, dense and with shaped filters, as it is compiled. */
export interface BenchedNetwork {
  readonly dense: Graph;
  readonly shaped: Graph;
}

const dense: Readonly<Record<string, () => Graph>> = {
  resnet20: () => buildModel('resnet20'),
  resnet56: () => buildModel('resnet56'),
  vgg16: () => buildModel('vgg16'),
  resnet18: () => buildModel('resnet18'),
  mobilenetv2: () => buildModel('mobilenetv2'),
  'squeezenet1.1': squeezenet,
};

export const networkNames: readonly string[] = Object.keys(dense);

/** A network by name; its shapes are random and leave half of the MACs. */
export async function namedNetwork(name: string): Promise<BenchedNetwork> {
  const graph = await prepared(dense[name]!());
  return { dense: graph, shaped: withRandomShapes(graph, { macs: 0.5, seed: 1 }) };
}

/** A network whose filters have shapes; the dense one has random weights in place of its zeros. */
export async function shapedNetwork(network: Graph): Promise<BenchedNetwork> {
  return { dense: await prepared(withoutZeros(network)), shaped: await prepared(network) };
}

/** ResNet-20 without residual connections. */
export async function plainResnet20(): Promise<Graph> {
  const { graph } = await removeResiduals(buildModel('resnet20'), { verify: false });
  return prepared(graph);
}

async function prepared(network: Graph): Promise<Graph> {
  const forms = await formsOf(network, onnxruntime);
  const { graph } = await prepareForCompilation(forms, { executor: onnxruntime, batch: 1 });
  return graph;
}

function withoutZeros(network: Graph): Graph {
  const { graph } = canonicalForm(network);
  for (const [i, value] of graph.initializers.entries()) {
    const { tensor } = value;
    if (tensor?.shape.length !== 4) continue;
    const { normal } = random(i);
    value.tensor = floats(
      tensor.shape,
      (tensor.data as Float32Array).map((w) => (w === 0 ? 0.05 * normal() : w)),
    );
  }
  return graph;
}
