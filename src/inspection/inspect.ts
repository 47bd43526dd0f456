import { type Coupling, channelGroups } from '../channels/channel-groups.ts';
import { prepareForPruning } from '../channels/prepare-for-pruning.ts';
import { loadPreprocessing, type Preprocessing } from '../data/preprocessing.ts';
import type { Graph, Shape, Value } from '../graph/graph.ts';
import { fedInputs } from '../graph/inputs/image-input.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { type Costs, costsInFile } from '../measure/macs.ts';
import type { DataType } from '../numeric/tensor.ts';
import { serializeModel } from '../onnx/index.ts';
import { findResiduals, type Residual } from '../residual/find.ts';
import { foldConstants, type NetworkForms, networkForms } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type GroupFacts, groupFacts } from './groups.ts';
import { type InputFacts, inputFacts } from './inputs.ts';

/** Options of {@link inspectNetwork}. */
export interface InspectOptions {
  /** Evaluates constants. */
  readonly executor: Executor;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** The size of the .onnx file. Default: the network is serialised, which takes seconds if it is large. */
  readonly bytes?: number;
}

/** An input or output as declared in the file. */
export interface ValueSignature {
  readonly name: string;
  readonly dtype: DataType | null;
  readonly shape: Shape | null;
}

/** Facts about a network: costs by layer, channel groups, residual connections, inputs and outputs. */
export interface NetworkFacts extends Costs, InputFacts {
  readonly groups: readonly GroupFacts[];
  readonly residuals: readonly Residual[];
  /** Versions by domain; '' is ONNX's own domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly ValueSignature[];
  readonly outputs: readonly ValueSignature[];
  /** Number of nodes by operator. */
  readonly operators: Readonly<Record<string, number>>;
  /** null if the file stores none. */
  readonly preprocessing: Preprocessing | null;
}

/**
 * Facts about a network. Costs, groups and residual connections are those of its canonical form; bytes, opsets, inputs,
 * outputs and operators are those of the given network.
 *
 * @example
 * const { macs, groups, residuals } = await inspectNetwork(network, { executor: onnxruntime });
 * console.log(macs, groups.filter(({ prunable }) => prunable).length, residuals.length);
 */
export async function inspectNetwork(
  network: Graph | NetworkForms,
  options: InspectOptions,
): Promise<NetworkFacts> {
  const { executor } = options;
  const forms = 'given' in network ? network : await networkForms(network, async () => executor);
  const coupling = channelGroups(await prepareForPruning(forms.graph, executor));
  return networkFacts(forms, { costs: await networkCosts(forms, options), coupling });
}

/** Facts about a network whose costs and channel groups are known. */
export function networkFacts(
  { given, graph }: NetworkForms,
  { costs, coupling }: { readonly costs: Costs; readonly coupling: Coupling },
): NetworkFacts {
  const operators: Record<string, number> = {};
  for (const { op } of given.nodes) operators[op] = (operators[op] ?? 0) + 1;
  return {
    ...costs,
    groups: groupFacts(coupling),
    residuals: findResiduals(graph),
    opsets: given.opsets,
    inputs: fedInputs(given).map(signature),
    ...inputFacts(given),
    outputs: given.outputs.map(signature),
    operators,
    preprocessing: loadPreprocessing(graph),
  };
}

/** Costs of the canonical form; bytes are those of the file. Constants are folded if exporters compute shapes in the graph. */
export async function networkCosts(
  { given, graph }: NetworkForms,
  { executor, size, bytes = serializeModel(given).length }: InspectOptions,
): Promise<Costs> {
  const counted = costsInFile(bytes, graph, { size });
  if (counted.layers.every(({ note }) => note === undefined)) return counted;
  return costsInFile(bytes, await foldConstants(graph, executor), { size });
}

const signature = ({ name, dtype, shape }: Value): ValueSignature => ({ name, dtype, shape });
