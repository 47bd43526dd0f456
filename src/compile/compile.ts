import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { expectOptions, type OptionSchemas, oneOf, wholeNumber } from '../option-schemas.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type CompiledNetwork, compileNetwork } from '../runtime/webassembly/compile.ts';
import { supportedModules } from '../runtime/webassembly/instantiate.ts';
import type { ChooseTile } from '../runtime/webassembly/tile.ts';
import { compileDefaults as defaults, type WeightType, weightTypes } from './defaults.ts';
import { type ImageTask, imageTaskOf } from './image-task.ts';
import { prepareForCompilation } from './prepare.ts';
import { type Verification, verifyCompiled } from './verify.ts';
import { encodeWeights } from './weights.ts';

export interface ToWebAssemblyOptions {
  /** Evaluates constants, and computes the reference for the verification. */
  readonly executor: Executor;
  /** Images per run; default: the batch size that the network fixes, else 1. */
  readonly batch?: number | undefined;
  /** Image height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Threads that share one run. The network still runs on one thread where memory cannot be shared. Default 1. */
  readonly threads?: number;
  /**
   * The type in which weights are stored: float16 halves the download and is decoded when the network is loaded. Default
   * float32.
   */
  readonly weights?: WeightType;
  /** Whether to compare the outputs with those of the given network; default true. */
  readonly verify?: boolean;
  /** Chooses the tiles of convolutions for the compiled graph; default: predicted. */
  readonly chooseTiles?: (graph: Graph) => Promise<ChooseTile>;
  /** How images are converted to inputs, if the network does not store it. */
  readonly preprocessing?: Preprocessing | null;
}

const schemas: OptionSchemas<ToWebAssemblyOptions> = {
  batch: wholeNumber(),
  threads: wholeNumber(),
  weights: oneOf(weightTypes),
};

/** A network compiled to a WebAssembly module. */
export interface CompiledModel {
  readonly name: string;
  readonly network: CompiledNetwork;
  /** The graph for which kernels were generated: fixed shapes, float32, folded. */
  readonly graph: Graph;
  readonly weights: { readonly type: WeightType; readonly bytes: Uint8Array };
  /** null if `verify` was false. */
  readonly verification: Verification | null;
  /** How to classify a picture; null if the network is no image classifier or its preprocessing is unknown. */
  readonly image: ImageTask | null;
}

/**
 * Compiles a network to WebAssembly with kernels generated for it: the code of a convolution contains only its non-zero
 * stripes. The outputs of the module are compared with those of the given network. Throws `unsupported`, naming every node
 * without a kernel; `usage` if an option is invalid or a shape is open; and `verification` if the outputs differ.
 *
 * @example
 * import * as ort from 'onnxruntime-web';
 * const model = await compileToWebAssembly(network, { executor: onnxruntimeWeb(ort), size: 224 });
 * const files = compiledFiles(model);
 */
export async function compileToWebAssembly(
  network: Graph | NetworkForms,
  options: ToWebAssemblyOptions,
): Promise<CompiledModel> {
  expectOptions(schemas, options);
  const { executor, batch, size, preprocessing = null } = options;
  const { weights = defaults.weights, verify = defaults.verify, threads = defaults.threads } = options;
  const forms = await formsOf(network, executor);
  const prepared = await prepareForCompilation(forms, { executor, batch, size });
  expectFloatInputs(prepared.graph);
  const chooseTile = await options.chooseTiles?.(prepared.graph);
  const compiled = compileNetwork(prepared.graph, { chooseTile, threads });
  const stored = { type: weights, bytes: encodeWeights(compiled.weights, weights) };
  const modules = supportedModules();
  return {
    name: prepared.graph.name,
    network: compiled,
    graph: prepared.graph,
    weights: stored,
    verification: verify
      ? await verifyCompiled({ ...prepared, network: compiled, weights, modules }, executor)
      : null,
    image: imageTaskOf(prepared.graph, preprocessing),
  };
}

function expectFloatInputs({ inputs }: Graph): void {
  const other = inputs.filter(({ dtype }) => dtype !== 'float32');
  if (other.length === 0) return;
  const found = other.map(({ name, dtype }) => `${name}: expected a float32 input, found ${dtype}`);
  throw new EspalierError('unsupported', `cannot be compiled: ${found.join('; ')}`);
}
