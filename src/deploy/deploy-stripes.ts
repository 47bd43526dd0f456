import { type Refused, refuse } from '../graph/edit/refused.ts';
import { type Graph, nodeName } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { inElementType } from '../measure/in-element-type.ts';
import type { LayerCost } from '../measure/macs.ts';
import { withTimer } from '../measure/runtimes.ts';
import type { Timer } from '../measure/timer.ts';
import type { Float32Form } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { hasStripes } from '../stripes/skeleton.ts';
import { type Compressed, compressStripes, originalLayerCosts } from './compress.ts';
import { type Deployment, deployNetwork } from './deploy.ts';
import { keptFilters } from './prepare.ts';
import type { WrittenForm } from './written-forms.ts';

/** Latency of the fastest network beside the masked network, and the MACs of living stripes. */
export type StripeGain = Pick<Deployment, 'latency' | 'macs'>;

/** The deployed forms of a masked network. */
export interface DeployedStripes extends Pick<Compressed, 'dense' | 'error'> {
  /** The network with dead stripes skipped in the requested form. */
  readonly deployed: Graph;
  /** The network with dead stripes skipped in whatever forms are faster in onnxruntime; `deployed` if that is the fastest. */
  readonly fastest: Graph;
  /** The layers of `deployed`, by the names of the original layers. */
  readonly layers: readonly Pick<LayerCost, 'name' | 'macs' | 'parameters'>[];
  /** Number of layers of `fastest` per form. */
  readonly forms: Readonly<Record<string, number>>;
  readonly gain: StripeGain;
  readonly leftAlone: readonly Refused[];
}

/** Options of `deployStripes`. */
export interface DeployStripesOptions {
  readonly executor: Executor;
  readonly form: WrittenForm;
  /** Duration of measuring the fastest network. */
  readonly seconds: number;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The element types of the given file, in which networks are timed. */
  readonly types: Float32Form;
  /** Default: onnxruntime in Node on one thread. */
  readonly timer?: Timer | undefined;
  /** Whether to compare the results with the masked network; default true. */
  readonly verify?: boolean | undefined;
}

/** Removes dead filters, skips dead stripes, and verifies the results against the masked network. */
export async function deployStripes(masked: Graph, options: DeployStripesOptions): Promise<DeployedStripes> {
  const { executor, form, seconds, size, types, verify = true } = options;
  const { dense, removal, lowered, error } = await compressStripes(masked, { ...options, verify });
  const fastest = await withTimer(options, (timer) =>
    deployNetwork(masked, {
      executor,
      timer: inElementType(timer, types),
      seconds,
      size,
      verify,
      written: form === 'dense' ? undefined : lowered,
    }),
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
