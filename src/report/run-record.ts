import * as v from 'valibot';
import type { LayerShapes } from '../stripes/shapes.ts';
import type { Recipe, RunEvent } from '../training/run-directory.ts';
import { type CompilationPoint, compilationSchema } from './compilation.ts';
import { type DeploymentPoint, deploymentSchema } from './deployment.ts';

const number = v.pipe(v.number(), v.finite());
const count = v.pipe(number, v.minValue(0));
const maybe = v.optional(v.nullable(number));

const epochSchema = v.object({
  type: v.literal('epoch'),
  epoch: count,
  loss: number,
  trainAccuracy: maybe,
  testAccuracy: maybe,
  testLoss: maybe,
  averaged: v.optional(v.object({ testAccuracy: maybe, testLoss: maybe, outputError: maybe })),
  macsKept: maybe,
  macsRunning: maybe,
  smallScales: maybe,
  outputError: maybe,
  agreement: maybe,
  learningRate: maybe,
  seconds: maybe,
  imagesPerSecond: maybe,
});
const measuresSchema = v.object({
  parameters: maybe,
  macs: maybe,
  bytes: maybe,
  top1: maybe,
  top5: maybe,
  loss: maybe,
  // Compared with a teacher.
  outputError: maybe,
  agreement: maybe,
  outputErrors: v.optional(v.record(v.string(), number)),
  agreements: v.optional(v.record(v.string(), number)),
  // Median, minimum and 90th percentile; `deploy` measures only the minimum.
  latencyMs: maybe,
  latencyMinMs: maybe,
  latencyP90Ms: maybe,
  // Relative to the network before, above 1 if faster, with the quartiles of the ratios of single rounds.
  latencyRatio: maybe,
  latencyRatioSpread: v.optional(v.nullable(v.tuple([number, number]))),
});
const layerSchema = v.object({ name: v.string(), macs: count, parameters: maybe });
const shapesSchema = v.object({
  layer: v.string(),
  kernel: v.tuple([count, count]),
  filters: count,
  masks: v.array(count),
});

const errors = v.optional(v.record(v.string(), number), {});
const stageSchema = v.object({
  stage: v.string(),
  top1: maybe,
  loss: maybe,
  outputError: maybe,
  outputErrors: errors,
  agreements: errors,
});
const stepSchema = v.object({
  type: v.literal('prune-step'),
  number: count,
  target: v.object({ measure: v.string(), fraction: number }),
  // The fractions of the original that are left after the step.
  left: v.optional(v.nullable(v.object({ macs: number, parameters: number })), null),
  stages: v.array(stageSchema),
});
const groupSchema = v.object({
  layers: v.array(v.string()),
  channels: count,
  kept: count,
  reason: v.optional(v.string()),
});
const unitSchema = v.object({
  name: v.string(),
  layers: v.array(v.string()),
  points: v.pipe(
    v.array(v.object({ ratio: number, top1: maybe, loss: maybe, outputError: number, outputErrors: errors })),
    v.minLength(1),
  ),
});

const informationSchema = v.object({
  layers: v.pipe(v.array(v.object({ entropy: number, invalid: count })), v.minLength(1)),
});

const schemas = {
  epoch: epochSchema,
  result: v.object({
    type: v.literal('result'),
    before: measuresSchema,
    after: measuresSchema,
    fastest: v.optional(measuresSchema),
  }),
  layers: v.object({ type: v.literal('layers'), before: v.array(layerSchema), after: v.array(layerSchema) }),
  shapes: v.object({ type: v.literal('shapes'), shapes: v.array(shapesSchema) }),
  'left-alone': v.object({
    type: v.literal('left-alone'),
    layers: v.array(v.object({ name: v.string(), reason: v.string() })),
  }),
  'prune-original': v.object({ type: v.literal('prune-original'), ...stageSchema.entries }),
  'prune-step': stepSchema,
  'prune-groups': v.object({ type: v.literal('prune-groups'), groups: v.array(groupSchema) }),
  sensitivity: v.object({ type: v.literal('sensitivity'), unit: unitSchema }),
  deployment: deploymentSchema,
  compiled: compilationSchema,
  'range-test': v.object({
    type: v.literal('range-test'),
    learningRate: number,
    points: v.pipe(v.array(v.tuple([v.pipe(number, v.gtValue(0)), number])), v.minLength(1)),
  }),
  graft: v.object({
    type: v.literal('graft'),
    epoch: count,
    networks: v.pipe(v.array(informationSchema), v.minLength(1)),
    times: v.optional(v.object({ seconds: number, training: number, graft: number, waiting: number })),
  }),
  ring: v.object({
    type: v.literal('ring'),
    members: v.array(v.object({ network: count, top1: number, learningRate: number })),
    best: count,
    ensemble: maybe,
  }),
};

/** The metrics of one epoch; accuracies are in [0, 1]. */
export type EpochPoint = v.InferOutput<typeof epochSchema>;
/** The measurements of a network; `top1` is in [0, 1], latencies are for one batch. */
export type NetworkMeasures = v.InferOutput<typeof measuresSchema>;
/** The costs of one layer. */
export type LayerPoint = v.InferOutput<typeof layerSchema>;
/** One pruning step, and the accuracy after each of its stages. */
export type PrunePoint = v.InferOutput<typeof stepSchema>;
/** The accuracy or output error after one stage of a pruning step. */
export type StagePoint = PrunePoint['stages'][number];
/** Layers that share channel sets, with the number of channels kept. */
export type GroupPoint = v.InferOutput<typeof groupSchema>;
/** The loss of accuracy when one group alone is pruned. */
export type SensitivityCurve = v.InferOutput<typeof unitSchema>;
/** Entropy and number of invalid filters of each network at the end of an epoch. */
export type GraftPoint = v.InferOutput<(typeof schemas)['graft']>;
/** The loss at each learning rate that was tried, and the one that was chosen. */
export type RangeTestPoint = v.InferOutput<(typeof schemas)['range-test']>;
/** The final results of the networks of a ring. */
export type RingPoint = v.InferOutput<(typeof schemas)['ring']>;
/** The data of a run for its report. */
export interface RunRecord {
  readonly recipe: Recipe;
  /** Default values of the command's options. */
  readonly defaults: Recipe['options'];
  readonly epochs: readonly EpochPoint[];
  /** One for each training that began with one. */
  readonly rangeTests: readonly RangeTestPoint[];
  /** `fastest`: an equivalent of `after` in the form that is fastest on the machine. */
  readonly result: {
    readonly before: NetworkMeasures;
    readonly after: NetworkMeasures;
    readonly fastest?: NetworkMeasures;
  } | null;
  readonly layers: { readonly before: readonly LayerPoint[]; readonly after: readonly LayerPoint[] } | null;
  readonly shapes: readonly LayerShapes[];
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
  /** `original` is the accuracy before the first pruning step. */
  readonly pruning: {
    readonly original: number | null;
    readonly steps: readonly PrunePoint[];
    readonly groups: readonly GroupPoint[];
  };
  readonly sensitivity: readonly SensitivityCurve[];
  readonly deployment: DeploymentPoint | null;
  readonly compilation: CompilationPoint | null;
  /** Only for rings of networks. */
  readonly grafting: { readonly epochs: readonly GraftPoint[]; readonly ring: RingPoint | null };
}

/**
 * Builds the record of a run from its events. Unknown and malformed events are ignored; of several events of one kind, the
 * last counts.
 */
export function makeRunRecord(recipe: Recipe, events: readonly RunEvent[]): RunRecord {
  const all = <K extends keyof typeof schemas>(kind: K) =>
    events.flatMap((event) => {
      const parsed = event?.type === kind ? v.safeParse(schemas[kind], event) : null;
      return parsed?.success ? [parsed.output as v.InferOutput<(typeof schemas)[K]>] : [];
    });
  const epochs = new Map(all('epoch').map((epoch) => [epoch.epoch, epoch]));
  return {
    recipe,
    defaults: {},
    epochs: [...epochs.values()].sort((a, b) => a.epoch - b.epoch),
    rangeTests: all('range-test'),
    result: all('result').at(-1) ?? null,
    layers: all('layers').at(-1) ?? null,
    shapes: all('shapes').at(-1)?.shapes ?? [],
    leftAlone: all('left-alone').at(-1)?.layers ?? [],
    pruning: {
      original: all('prune-original').at(-1)?.top1 ?? null,
      steps: [...new Map(all('prune-step').map((step) => [step.number, step])).values()],
      groups: all('prune-groups').at(-1)?.groups ?? [],
    },
    sensitivity: [...new Map(all('sensitivity').map(({ unit }) => [unit.name, unit])).values()],
    deployment: all('deployment').at(-1) ?? null,
    compilation: all('compiled').at(-1) ?? null,
    grafting: { epochs: all('graft'), ring: all('ring').at(-1) ?? null },
  };
}
