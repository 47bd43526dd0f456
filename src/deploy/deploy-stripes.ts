import { type Refused, refuse } from '../graph/edit/refused.ts';
import { type Graph, nodeName } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { LayerCost } from '../measure/macs.ts';
import { inElementType, withTimer } from '../measure/runtimes.ts';
import type { Timer } from '../measure/timer.ts';
import type { Float32Form } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { hasStripes } from '../stripes/skeleton.ts';
import { type Compressed, compressStripes, originalLayerCosts } from './compress.ts';
import { type Deployment, deployNetwork } from './deploy.ts';
import { keptFilters } from './prepare.ts';
import type { WrittenForm } from './written-forms.ts';

/** What the fastest network gains in onnxruntime, beside the masked network, and what the MACs of living stripes promise. */
export type StripeGain = Pick<Deployment, 'latency' | 'macs'>;

/** What becomes of a masked network whose dead stripes are skipped. */
export interface DeployedStripes extends Pick<Compressed, 'dense' | 'error'> {
  /** Dead stripes skipped in the form that was asked for. */
  readonly deployed: Graph;
  /** Dead stripes skipped where onnxruntime is quicker without them, layer by layer; nowhere, where that is quicker. */
  readonly fastest: Graph;
  /** The layers of the deployed network, by their names before lowering. */
  readonly layers: readonly Pick<LayerCost, 'name' | 'macs' | 'parameters'>[];
  /** How many layers of the fastest network took each form. */
  readonly forms: Readonly<Record<string, number>>;
  readonly gain: StripeGain;
  readonly leftAlone: readonly Refused[];
}

/** Options of `deployStripes`. */
export interface DeployStripesOptions {
  readonly executor: Executor;
  readonly form: WrittenForm;
  /** To measure the fastest network in. */
  readonly seconds: number;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of the file, which networks are timed in. */
  readonly types: Float32Form;
  /** Default: onnxruntime in Node on one thread. */
  readonly timer?: Timer | undefined;
  /** Compares what is made with the masked network; default true. */
  readonly verify?: boolean | undefined;
}

/** Removes dead filters, lowers dead stripes, and checks the results against the masked network. */
export async function deployStripes(masked: Graph, options: DeployStripesOptions): Promise<DeployedStripes> {
  const { executor, seconds, size, types, verify = true } = options;
  const { dense, removal, lowered, error } = await compressStripes(masked, { ...options, verify });
  const fastest = await withTimer(options, (timer) =>
    deployNetwork(masked, { executor, timer: inElementType(timer, types), seconds, size, verify }),
  );
  const leftAlone = [...keptFilters(removal), ...lowered.leftAlone, ...withoutStripes(masked)];
  return {
    dense,
    deployed: lowered.graph,
    fastest: fastest.graph,
    error: error === null || fastest.error === null ? null : Math.max(error, fastest.error),
    layers: originalLayerCosts(lowered.graph, size),
    forms: countForms(fastest),
    gain: { latency: fastest.latency, macs: fastest.macs },
    leftAlone,
  };
}

function countForms({ layers }: Deployment): Record<string, number> {
  const forms: Record<string, number> = {};
  for (const { form } of layers) forms[form] = (forms[form] ?? 0) + 1;
  return forms;
}

function withoutStripes(network: Graph): Refused[] {
  return network.nodes
    .filter((node) => isOperator(node, 'Conv') && !hasStripes(node))
    .map((node) => ({
      ...refuse('unsupported', 'its kernel is 1×1: each filter is one stripe, with no shape to learn'),
      where: nodeName(node),
    }));
}
