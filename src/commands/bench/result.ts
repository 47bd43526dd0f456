import type { MeasuredFolder } from '../../compile/folder/read.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ColdStart } from '../../measure/cold-start.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import type { Benchmark, ModelLatency } from '../../measure/latency.ts';
import { shortSpread } from '../../report/latency.ts';
import { formatBytes, formatCount, formatMacs, formatMs, formatRatio } from '../../report/quantities.ts';
import { type Column, textTable } from '../../report/text-table.ts';

/** A file or built-in network: its name as typed, and what is measured. */
export interface NamedFile {
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

interface BenchedModel extends ModelLatency, Partial<ColdStart> {
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

/**
 * Adds an explanation to the warning about a slower model if it has more MACs: a network without residual connections is
 * meant to be pruned.
 */
function explained({ warning, ratio, macs }: BenchedModel, first: BenchedModel): { warning?: string } {
  const grown = ratio < 1 && macs && first.macs ? macs / first.macs : 0;
  if (!warning || grown <= 1) return {};
  return { warning: `${warning}, with ${formatRatio(grown)} its MACs: prune it` };
}

/** Formats the result as two tables: latency, and size. */
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
