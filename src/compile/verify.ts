import { floats } from '../numeric/tensor.ts';
import { toleranceOf, verifyEquivalent } from '../rewrite/index.ts';
import type { Executor, Tensors } from '../runtime/executor.ts';
import { type CompiledNetwork, compileNetwork } from '../runtime/webassembly/compile.ts';
import { instantiate, type ModuleKind } from '../runtime/webassembly/instantiate.ts';
import type { WeightType } from './defaults.ts';
import type { PreparedForCompilation } from './prepare.ts';
import { roundWeights } from './weights.ts';

/** How far the outputs of a compiled network are from those of the given network. */
export interface Verification {
  /** The largest absolute error, divided by the largest expected absolute output. */
  readonly error: number;
  /** The same with weights rounded to float16; null if weights are stored in float32. */
  readonly float16Error: number | null;
  /** The modules that were compared. */
  readonly modules: readonly ModuleKind[];
  /** The number of threads with which outputs were bit-identical to those of one thread. */
  readonly threads: number;
}

interface Verified extends PreparedForCompilation {
  readonly network: CompiledNetwork;
  readonly weights: WeightType;
  readonly modules: readonly ModuleKind[];
}

/**
 * Runs modules and the given network on normal and on saturating inputs. Throws `verification` if an output deviates by more
 * than 1e-4 of its largest element, or with float16 weights by more than that type's tolerance.
 */
export async function verifyCompiled(
  { network, weights, modules, reference, graph }: Verified,
  executor: Executor,
): Promise<Verification> {
  const errorOf = async (kind: ModuleKind, type: WeightType) => {
    const resultExecutor = executorOf({ network, kind, weights: type });
    const tolerance = toleranceOf(type);
    return (await verifyEquivalent(reference, graph, { executor, resultExecutor, tolerance })).error;
  };
  const errors: number[] = [];
  for (const kind of modules) errors.push(await errorOf(kind, 'float32'));
  return {
    error: Math.max(...errors),
    float16Error: weights === 'float16' ? await errorOf(modules[0]!, 'float16') : null,
    modules,
    threads: 1,
  };
}

interface ModuleRun {
  readonly network: CompiledNetwork;
  readonly kind: ModuleKind;
  readonly weights: WeightType;
}

/** Runs the module itself. Inner values to compare come from a separate module that has them as outputs. */
const executorOf = ({ network, kind, weights }: ModuleRun): Executor => ({
  name: 'webassembly',
  trainingOperators: false,
  async compile(graph) {
    const own = new Set(network.outputs.map(({ name }) => name));
    // A network may have the same output twice, so that numbers of outputs say nothing.
    const isWatched = graph.outputs.some(({ name }) => !own.has(name));
    const networks = isWatched ? [compileNetwork(graph), network] : [network];
    const runs = await Promise.all(
      networks.map((each) => openRun({ ...each, weights: roundWeights(each.weights, weights) }, kind)),
    );
    return {
      run: async (feeds) => Object.assign({}, ...runs.map((run) => run(feeds))),
      readState: () => ({}),
      writeState() {},
      async close() {},
    };
  },
});

async function openRun(network: CompiledNetwork, kind: ModuleKind): Promise<(feeds: Tensors) => Tensors> {
  const { inputs, outputs, run } = await instantiate(network, kind);
  return (feeds) => {
    for (const [name, { data }] of Object.entries(feeds)) inputs[name]?.set(data as Float32Array);
    run();
    return Object.fromEntries(
      network.outputs.map(({ name, shape }) => [name, floats(shape, outputs[name] ?? [])]),
    );
  };
}
