import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Dim, formatShape, type Graph, type Value } from '../../graph/graph.ts';
import { isUnbatched, mainInput } from '../../graph/inputs/image-input.ts';
import { namedOutput } from './named.ts';
import { outputShapes } from './shapes.ts';

/** How to find the class scores among a network's outputs. */
export interface ScoresSought {
  /** The name of the output; default: the one stored with the model, else found by its shape. */
  readonly logits?: string | undefined;
  /** Number of classes of the data; 0 or absent if unknown. */
  readonly classes?: number | undefined;
}

/** The output with class scores, or the reason why none can be chosen. */
export type FoundScores =
  | { readonly value: Value }
  | {
      readonly value: null;
      readonly reason: string;
      readonly several: boolean;
      /** The only output, if it has fewer columns than the data has classes. */
      readonly only?: Value | undefined;
    };

/** Metadata key of the name of the output with class scores. */
const LOGITS_KEY = 'espalier.logits';

/**
 * Like {@link classScores}, but returns the reason if none can be chosen. A single output is chosen only if it has at least
 * as many columns as the data has classes. Throws `usage` if `logits` names no output, `unsupported` if that output is not
 * shaped like class scores.
 */
export function findClassScores(graph: Graph, { logits, classes = 0 }: ScoresSought = {}): FoundScores {
  const shapes = outputShapes(graph);
  const count = (value: Value) => classCount(graph, shapes.get(value) ?? null);
  const wanted = logits ?? graph.metadata[LOGITS_KEY];
  if (wanted !== undefined) return { value: expectScores(namedOutput(graph, wanted, '`logits`'), count) };
  const alike = graph.outputs.filter((value) => count(value) !== null);
  const exact = classes > 0 ? alike.filter((value) => count(value) === classes) : alike;
  const chosen = exact.length > 0 ? exact : alike.filter((value) => typeof count(value) !== 'number');
  const [first, ...others] = chosen;
  if (first && others.length === 0) return { value: first };
  if (first) return { value: null, several: true, reason: severalOf(chosen) };
  const [only] = graph.outputs.length === 1 ? alike : [];
  if (only && Number(count(only)) > classes) return { value: only };
  return { value: null, several: false, reason: noneOf(graph, classes), only };
}

/**
 * Finds the output with class scores: [N, classes], [N, classes, 1, 1], [N, 1, 1, classes], or [classes] for networks on
 * single images. It is the named output, else the one with as many columns as the data has classes, else the only output;
 * that may have fewer columns, as long as the labels are in range. Throws `unsupported` if there is none, `usage` if several
 * are possible.
 */
export function classScores(graph: Graph, sought: ScoresSought = {}): Value {
  const found = findClassScores(graph, sought);
  if (found.value) return found.value;
  if (found.only) return found.only;
  const where = graph.outputs.length === 1 ? graph.outputs[0]!.name : graph.name;
  throw new EspalierError(found.several ? 'usage' : 'unsupported', found.reason, { where });
}

/** The number of classes of a network; null if it has no class scores, or leaves their number open. */
export function classesOf(graph: Graph): number | null {
  const { value } = findClassScores(graph);
  const classes = value && classCount(graph, outputShapes(graph).get(value) ?? null);
  return typeof classes === 'number' ? classes : null;
}

/** Stores the name of the class scores in the network if it has other outputs. Throws the errors of {@link classScores}. */
export function withClassScores(graph: Graph, sought: ScoresSought): Graph {
  const { name } = classScores(graph, sought);
  if (graph.outputs.length < 2) return graph;
  const copy = cloneGraph(graph);
  copy.metadata[LOGITS_KEY] = name;
  return copy;
}

const described = (values: readonly Value[]): string =>
  values.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(', ');

const severalOf = (values: readonly Value[]): string =>
  `several outputs could be class scores: ${described(values)}: select one with \`logits\` NAME`;

const noneOf = ({ outputs }: Graph, classes: number): string =>
  `expected class scores [N, ${classes || 'classes'}], found ${outputs.length === 1 ? formatShape(outputs[0]!.shape) : `${described(outputs)}: name them with \`logits\` NAME`}`;

function expectScores(value: Value, count: (value: Value) => Dim | 'open'): Value {
  if (count(value) !== null) return value;
  const message = `expected class scores [N, classes], found ${formatShape(value.shape)}`;
  throw new EspalierError('unsupported', message, { where: value.name });
}

/**
 * The number of classes of scores with a shape; `open` if that dimension is open, null if the shape is not that of class
 * scores.
 */
function classCount(graph: Graph, shape: Value['shape']): number | 'open' | null {
  const main = mainInput(graph);
  const unbatched = main !== null && isUnbatched(main);
  if (!shape) return 'open';
  const [batch = null, ...rest] = unbatched && shape.length === 1 ? [1, ...shape] : shape;
  const classes = rest.length === 3 && rest[0] === 1 && rest[1] === 1 ? rest[2]! : (rest[0] ?? null);
  const others = rest.filter((dim) => dim !== 1);
  const fits = rest.length === 1 || (rest.length === 3 && others.length === 1 && others[0] === classes);
  if (!fits || !isBatch(graph, batch)) return null;
  if (typeof classes !== 'number') return 'open';
  return classes > 1 ? classes : null;
}

/** Whether a leading dimension may be the batch: fixed dimensions must equal the image's, or 1, which exporters declare. */
function isBatch(graph: Graph, dim: Dim): boolean {
  const main = mainInput(graph);
  const image = main && isUnbatched(main) ? 1 : main?.shape?.[0];
  return typeof dim !== 'number' || dim === 1 || dim === image;
}
