import type { MeasuredFolder } from '../compile/folder/read.ts';
import type { Graph } from '../graph/graph.ts';
import { type InputFeeds, withInputFeeds } from '../graph/inputs/input-feeds.ts';
import type { ColdStart } from '../measure/cold-start.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { Benchmark } from '../measure/latency.ts';
import { modelWeight } from '../measure/model-weight.ts';
import type { ModelLatency } from '../measure/rounds.ts';
import { formatRatio } from '../numeric/quantities.ts';

/** A file or built-in network: its name as typed, and what is measured. */
interface NamedFile {
  readonly name: string;
  readonly graph: Graph;
  readonly source: string | Uint8Array;
}

/** A compiled folder, by its name as typed. */
interface NamedFolder {
  readonly name: string;
  readonly source: MeasuredFolder;
}

export type NamedModel = NamedFile | NamedFolder;

export interface BenchedModel extends ModelLatency, Partial<ColdStart> {
  /** Size of the .onnx file with external data; for a compiled folder, what a browser downloads. */
  readonly sizeBytes: number;
  /** null if a layer's shape is unknown, and for compiled folders. */
  readonly parameters: number | null;
  /** Per image. */
  readonly macs: number | null;
}

/** The output of `bench --json`. */
export interface BenchResult extends Omit<Benchmark, 'models'> {
  readonly models: readonly BenchedModel[];
  readonly runtime: 'node' | 'web';
  /** Name and version. */
  readonly engine: string;
}

/** Adds to latencies the size and costs of each model, and its cold start if measured. */
export function withCosts(
  models: readonly NamedModel[],
  measured: Benchmark,
  { cold, size }: { readonly cold: readonly ColdStart[] | null; readonly size: ImageSize | undefined },
): Omit<BenchResult, 'runtime' | 'engine'> {
  const benched = measured.models.map((latency, i) => ({
    ...latency,
    path: models[i]!.name,
    ...weightOf(models[i]!, size),
    ...cold?.[i],
  }));
  return { ...measured, models: benched.map((model) => ({ ...model, ...explained(model, benched[0]!) })) };
}

const weightOf = (model: NamedModel, size: ImageSize | undefined) =>
  'graph' in model
    ? modelWeight(model, size)
    : { sizeBytes: model.source.bytes, parameters: null, macs: model.source.macs };

/**
 * Adds an explanation to the warning about a slower model if it has more MACs: a network without residual connections is
 * meant to be pruned.
 */
function explained({ warning, ratio, macs }: BenchedModel, first: BenchedModel): { warning?: string } {
  const grown = ratio < 1 && macs && first.macs ? macs / first.macs : 0;
  if (!warning || grown <= 1) return {};
  return { warning: `${warning}, with ${formatRatio(grown)} its MACs: prune it` };
}

/** The models with the given input feeds, each with those that it has. Throws `usage` for a name that no model has. */
export function fedModels(models: readonly NamedModel[], feeds: InputFeeds): NamedModel[] {
  const inputsOf = (model: NamedModel) => ('graph' in model ? model.graph : model.source).inputs;
  const has = (model: NamedModel, name: string) => inputsOf(model).some((input) => input.name === name);
  return models.map((model, i) => {
    if (!('graph' in model)) return model;
    // Names that no model has are passed to the first, which reports them.
    const known = Object.entries(feeds).filter(
      ([name]) => has(model, name) || (i === 0 && !models.some((other) => has(other, name))),
    );
    return { ...model, graph: withInputFeeds(model.graph, Object.fromEntries(known)) };
  });
}
