import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type CompiledNetwork, compileNetwork } from '../runtime/webassembly/compile.ts';
import { supportedModules } from '../runtime/webassembly/instantiate.ts';
import type { ChooseTile } from '../runtime/webassembly/tile.ts';
import { compileDefaults as defaults, type WeightType } from './defaults.ts';
import { type ImageTask, imageTaskOf } from './image-task.ts';
import { prepareForCompilation } from './prepare.ts';
import { type Verification, verifyCompiled } from './verify.ts';
import { encodeWeights } from './weights.ts';

export interface ToWebAssemblyOptions {
  /** Evaluates constants, and is what the module is compared with. */
  readonly executor: Executor;
  /** Images in a run; default: as many as the network fixes, else 1. */
  readonly batch?: number | undefined;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Threads that share a run where memory can be shared; one thread can run it everywhere. Default 1. */
  readonly threads?: number;
  /** How weights are stored: float16 halves the download, and is decoded when the network is loaded. Default float32. */
  readonly weights?: WeightType;
  /** Compares with the network that was given; default true. */
  readonly verify?: boolean;
  /** How the tiles of convolutions are chosen for the graph that is compiled; default: predicted. */
  readonly chooseTiles?: (graph: Graph) => Promise<ChooseTile>;
  /** How images become inputs, where the network does not store it. */
  readonly preprocessing?: Preprocessing | null;
}

/** A network as a WebAssembly module, and what is known of it. */
export interface CompiledModel {
  readonly name: string;
  readonly network: CompiledNetwork;
  /** What kernels were generated for: fixed shapes, float32, folded. */
  readonly graph: Graph;
  readonly weights: { readonly type: WeightType; readonly bytes: Uint8Array };
  /** null where nothing was compared. */
  readonly verification: Verification | null;
  /** null where the network does not classify images, or nothing says how their pixels are scaled. */
  readonly image: ImageTask | null;
}

/**
 * Compiles a network to WebAssembly with kernels that are generated for it: code of a convolution holds its living stripes
 * alone. The module is run beside the network that was given. Throws `unsupported`, naming every node that has no
 * kernel, `usage` where a shape is open, and `verification` where the module computes anything else.
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
