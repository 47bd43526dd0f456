import type { Graph } from '../graph/graph.ts';
import { inElementType } from '../measure/in-element-type.ts';
import { type RuntimeName, runtimeNames, withTimer } from '../measure/runtimes.ts';
import type { Timer } from '../measure/timer.ts';
import { expectOptions, type OptionSchemas, oneOf, positive, wholeNumber } from '../option-schemas.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { deployDefaults as defaults } from './defaults.ts';
import { type Deployment, type DeployOptions, deployNetwork } from './deploy.ts';

/** Options of {@link deploy}. */
export interface DeployHereOptions extends Omit<DeployOptions, 'executor' | 'timer' | 'reference'> {
  /** The runtime in which the network will run: `node`, or `web`, for which a headless browser is opened. Default `node`. */
  readonly target?: RuntimeName;
  /** Threads of the runtime; default 1. */
  readonly threads?: number;
  /** Whether to reuse cached times and to cache new ones for this user. Default true. */
  readonly cache?: boolean;
  /** A timer, instead of `target`, `threads` and `cache`. */
  readonly timer?: Timer;
  readonly signal?: AbortSignal;
  /** Evaluates constants and verifies. Default: onnxruntime. */
  readonly executor?: Executor;
}

const schemas: OptionSchemas<DeployHereOptions> = {
  target: oneOf(runtimeNames),
  threads: wholeNumber(),
  seconds: positive,
};

/** A deployed network with the element types of the given network. */
export interface DeployedNetwork extends Deployment {
  /** The deployed network in float32, from which it can be quantised. */
  readonly float32: Graph;
  /** Name and version of the runtime that was timed. */
  readonly engine: string;
}

/**
 * Makes an equivalent network that is as fast as possible with exact forms of its layers: zero stripes are skipped wherever
 * that is faster by measurement. Throws `usage` if an option is invalid, `verification` if the result computes different outputs.
 *
 * @example
 * const { graph, latency } = await deploy(readModelFile('masked.onnx'));
 */
export async function deploy(
  network: Graph | NetworkForms,
  options: DeployHereOptions = {},
): Promise<DeployedNetwork> {
  expectOptions(schemas, options);
  const { executor = await defaultExecutor(), size, onLayer } = options;
  const { seconds = defaults.seconds, verify = defaults.verify } = options;
  const { graph: prepared, given, form } = await formsOf(network, executor);
  return withTimer(options, async (timer) => {
    const { graph, ...deployment } = await deployNetwork(prepared, {
      ...{ executor, size, seconds, verify, onLayer },
      timer: inElementType(timer, form),
      reference: { graph: given, restore: form.restore },
    });
    return { ...deployment, graph: form.restore(graph), float32: graph, engine: timer.engine };
  });
}
