import { cloneGraph } from '../graph/clone.ts';
import type { Graph, Shape } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { elementCount } from '../numeric/tensor.ts';
import { bindDimensions } from './rules/static-shapes.ts';

/** The sizes of open dimensions in a trial. */
export interface TrialSize {
  readonly batch: number;
  /** The size of the first open dimension except the batch, and of all others. */
  readonly first: number;
  readonly others: number;
}

/** A network whose inputs have fixed shapes. */
export interface Trial {
  readonly graph: Graph;
  readonly size: TrialSize;
}

export interface TrialOptions {
  /** Batch size of the first trial, if the network leaves it open. */
  readonly batch: number;
  /** Height and width of the first trial; default: the first common size that fits. */
  readonly size?: readonly [height: number, width: number];
}

/**
 * Sizes to try for open dimensions except the batch: first equal ones, then different ones, which would reveal swapped axes.
 */
const alike = [64, 224, 32, 28, 320, 512, 1024, 16000].map((size) => [size, size] as const);
const different = [
  [96, 128],
  [128, 96],
  [128, 128],
  [96, 96],
  [256, 256],
  [416, 416],
  [640, 640],
  [2048, 2048],
  [32, 48],
  [16, 24],
] as const;
/** If the inputs of the usual size have more elements per image than this, the smallest sizes are tried first. */
const LARGE_INPUTS = 100_000;
/** A symbol for dimensions without one. */
const UNNAMED = 'unnamed dimension';

/**
 * Two lists of trials, of each of which the first that works is used: the network at one size and batch, and at another size
 * with a batch of 1. The second list is empty if the network leaves neither open. Sizes at which shapes do not fit are
 * omitted; throws the error of the last one if none is left in the first list.
 */
export function trialsOf(
  given: Graph,
  { batch, size }: TrialOptions,
): readonly [readonly Trial[], readonly Trial[]] {
  const graph = bindFeeds(given);
  const openBatch = graph.inputs.some(({ shape }) => shape?.length && typeof shape[0] !== 'number');
  const openSizes = graph.inputs.some(({ shape }) => shape?.slice(1).some((dim) => typeof dim !== 'number'));
  if (!openSizes) {
    const at = (images: number) => ({
      graph: withBatch(graph, images, openBatch),
      size: { batch: images, first: 0, others: 0 },
    });
    const single = openBatch && batch !== 1 ? [at(1)] : [];
    // A given shape may be the only one that the network accepts.
    return [[at(batch), ...(graph.inputs.some(({ feed }) => feed) ? single : [])], single];
  }
  const first = acceptedTrials(graph, {
    batch: openBatch ? batch : null,
    sizes: size ? [size] : alike,
  });
  if (first.trials.length === 0) throw first.misfit;
  const tried = ordered(first.trials, LARGE_INPUTS);
  const [usual] = tried;
  const taken = usual?.size.first;
  const large = Math.max(LARGE_INPUTS, 2 * (usual ? inputElements(usual) : 0));
  const second = acceptedTrials(graph, { batch: openBatch ? 1 : null, sizes: different });
  return [
    tried,
    ordered(second.trials, large).filter(
      (trial) => trial.size.first !== taken || trial.size.others !== taken,
    ),
  ];
}

/** By area, if the inputs of the first trial have more elements than `large`: cost may grow with the square of the area. */
function ordered(trials: readonly Trial[], large: number): readonly Trial[] {
  const [usual] = trials;
  if (!usual || inputElements(usual) <= large) return trials;
  return trials.toSorted((a, b) => a.size.first * a.size.others - b.size.first * b.size.others);
}

/** Per image. */
const inputElements = ({ graph, size }: Trial): number =>
  graph.inputs.reduce((sum, { shape }) => sum + elementCount((shape ?? []).map(Number)), 0) / size.batch;

interface TrialSizes {
  /** null if the network fixes it. */
  readonly batch: number | null;
  readonly sizes: readonly (readonly [number, number])[];
}

function acceptedTrials(
  graph: Graph,
  { batch, sizes }: TrialSizes,
): { readonly trials: Trial[]; readonly misfit: unknown } {
  const bound = withBatch(graph, batch ?? 1, batch !== null);
  const symbols = openSymbols(bound);
  const trials: Trial[] = [];
  let misfit: unknown;
  for (const [first, others] of sizes) {
    try {
      const dims = Object.fromEntries(
        [...symbols].map(([symbol, index]) => [symbol, index === 0 ? first : others]),
      );
      trials.push({ graph: bindDimensions(bound, dims), size: { batch: batch ?? 1, first, others } });
    } catch (error) {
      misfit = error;
    }
  }
  return { trials, misfit };
}

function withBatch(graph: Graph, batch: number, open: boolean): Graph {
  const bound = open ? bindDimensions(graph, batch) : cloneGraph(graph);
  bound.inputs.forEach((input, i) => {
    input.shape = input.shape && named(input.shape, `${UNNAMED} ${i}`);
  });
  return bound;
}

const named = (shape: Shape, name: string): Shape => shape.map((dim, axis) => dim ?? `${name}.${axis}`);

/** Each open dimension, with its axis. */
function openSymbols({ inputs }: Graph): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const { shape } of inputs) {
    const open = (shape ?? []).filter((dim) => typeof dim === 'string');
    open.forEach((symbol, index) => {
      if (!symbols.has(symbol)) symbols.set(symbol, index);
    });
  }
  return symbols;
}
