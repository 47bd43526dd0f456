import type { MeasuredFolder } from '../../compile/folder/read.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ColdStart } from '../../measure/cold-start.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import type { Benchmark, ModelLatency } from '../../measure/latency.ts';
import { shortSpread } from '../../report/latency.ts';
import { formatBytes, formatCount, formatMacs, formatMs, formatRatio } from '../../report/quantities.ts';
import { type Column, textTable } from '../../report/text-table.ts';

/** A file or a network of the zoo as it was named, and what is measured. */
export interface NamedFile {
  readonly name: string;
  readonly graph: Graph;
  readonly source: string | Uint8Array;
}

/** A compiled folder as it was named. */
interface NamedFolder {
  readonly name: string;
  readonly source: MeasuredFolder;
}

export type NamedModel = NamedFile | NamedFolder;

interface BenchedModel extends ModelLatency, Partial<ColdStart> {
  /** Of the .onnx file, external data included; of a compiled folder, what a browser downloads. */
  readonly sizeBytes: number;
  /** null where a layer's shape is not known, and of a compiled folder. */
  readonly parameters: number | null;
  /** For one image. */
  readonly macs: number | null;
}

/** What `bench --json` prints. */
export interface BenchResult extends Omit<Benchmark, 'models'> {
  readonly models: readonly BenchedModel[];
  readonly runtime: 'node' | 'web';
  /** With its version. */
  readonly engine: string;
}

/** Latencies by name, with what each model weighs and, where measured, what its start costs. */
export async function withCosts(
  models: readonly NamedModel[],
  measured: Benchmark,
  { cold, size }: { readonly cold: readonly ColdStart[] | null; readonly size: ImageSize | undefined },
): Promise<Omit<BenchResult, 'runtime' | 'engine'>> {
  const weights = await Promise.all(models.map((model) => weightOf(model, size)));
  const benched = measured.models.map((latency, i) => ({
    ...latency,
    path: models[i]!.name,
    ...weights[i]!,
    ...cold?.[i],
  }));
  return { ...measured, models: benched.map((model) => ({ ...model, ...explained(model, benched[0]!) })) };
}

async function weightOf(model: NamedModel, size: ImageSize | undefined) {
  if (!('graph' in model))
    return { sizeBytes: model.source.bytes, parameters: null, macs: model.source.macs };
  const { modelWeight } = await import('../../measure/model-weight.ts');
  return modelWeight(model, size);
}

/** A warning that says what a slower model has more of: a network that lost its residual connections is there to be pruned. */
function explained({ warning, ratio, macs }: BenchedModel, first: BenchedModel): { warning?: string } {
  const grown = ratio < 1 && macs && first.macs ? macs / first.macs : 0;
  if (!warning || grown <= 1) return {};
  return { warning: `${warning}, with ${formatRatio(grown)} its MACs: prune it` };
}

/** The result as two tables: time, and what a model weighs. */
export function benchText({ models, batch, threads, rounds, engine }: BenchResult): string {
  const conditions = `batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}, ${rounds} rounds, ${engine}`;
  const cold = models[0]?.loadMs === undefined ? [] : coldColumns;
  return [textTable(models, timeColumns), textTable(models, [...weightColumns, ...cold]), conditions].join(
    '\n\n',
  );
}

type Columns = readonly Column<BenchedModel>[];

const name: Columns[number] = { head: 'model', cell: ({ path }) => path };

const timeColumns: Columns = [
  name,
  { head: 'median', cell: ({ medianMs }) => formatMs(medianMs), align: 'right' },
  { head: 'min', cell: ({ minMs }) => formatMs(minMs), align: 'right' },
  { head: 'p90', cell: ({ p90Ms }) => formatMs(p90Ms), align: 'right' },
  { head: 'speed', cell: ({ ratio }) => formatRatio(ratio), align: 'right' },
  { head: 'spread', cell: ({ ratioSpread }) => shortSpread(ratioSpread), align: 'right' },
];

const weightColumns: Columns = [
  name,
  { head: 'file', cell: ({ sizeBytes }) => formatBytes(sizeBytes), align: 'right' },
  {
    head: 'parameters',
    cell: ({ parameters }) => (parameters === null ? '–' : formatCount(parameters)),
    align: 'right',
  },
  { head: 'MACs', cell: ({ macs }) => (macs === null ? '–' : formatMacs(macs)), align: 'right' },
];

const coldColumns: Columns = [
  { head: 'load', cell: ({ loadMs }) => formatMs(loadMs!), align: 'right' },
  { head: 'first run', cell: ({ firstRunMs }) => formatMs(firstRunMs!), align: 'right' },
  { head: 'memory', cell: ({ peakMemoryBytes }) => formatBytes(peakMemoryBytes!), align: 'right' },
];
