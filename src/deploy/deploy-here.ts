import type { Graph } from '../graph/graph.ts';
import { inElementType, type RuntimeName, withTimer } from '../measure/runtimes.ts';
import type { Timer } from '../measure/timer.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { deployDefaults as defaults } from './defaults.ts';
import { type Deployment, type DeployOptions, deployNetwork } from './deploy.ts';

/** Options of {@link deploy}. */
export interface DeployHereOptions extends Omit<DeployOptions, 'executor' | 'timer' | 'reference'> {
  /** Where the network will run: onnxruntime in Node, or in a browser, which is opened for it. Default `node`. */
  readonly target?: RuntimeName;
  /** Threads of the engine; default 1. */
  readonly threads?: number;
  /** Whether times that were measured before hold, and new ones are kept for this user. Default true. */
  readonly cache?: boolean;
  /** Measures, in place of `target`, `threads` and `cache`. */
  readonly timer?: Timer;
  readonly signal?: AbortSignal;
  /** Verifies. Default: onnxruntime. */
  readonly executor?: Executor;
}

/** A deployed network in the element types of the network given. */
export interface DeployedNetwork extends Deployment {
  /** The deployed network in float32, before its element types are restored: what is quantised. */
  readonly float32: Graph;
  /** What measured, with its version. */
  readonly engine: string;
}

/**
 * Makes an equivalent network that is as quick on this machine as exact forms of its layers can make it: zero stripes are
 * skipped where that was measured to be quicker. Throws `verification` where it computes anything else than the network given.
 *
 * @example
 * const { graph, latency } = await deploy(readModelFile('masked.onnx'));
 */
export async function deploy(
  network: Graph | NetworkForms,
  options: DeployHereOptions = {},
): Promise<DeployedNetwork> {
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
