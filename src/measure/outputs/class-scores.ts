import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Dim, formatShape, type Graph, type Value } from '../../graph/graph.ts';
import { isUnbatched, mainInput } from '../../graph/inputs/image-input.ts';
import { namedOutput } from './named.ts';
import { outputShapes } from './shapes.ts';

/** What is known of a network's class scores from outside. */
export interface ScoresSought {
  /** The output that holds them; default: the one stored with the model, else found by its shape. */
  readonly logits?: string | undefined;
  /** Classes of the data; left out or 0 where that is not known. */
  readonly classes?: number | undefined;
}

/** The output with class scores, or why none can be chosen. */
export type FoundScores =
  | { readonly value: Value }
  | {
      readonly value: null;
      readonly reason: string;
      readonly several: boolean;
      /** The only output, where it has fewer columns than the data has classes. */
      readonly only?: Value | undefined;
    };

/** The key of the name of the output with class scores, in a model's metadata. */
const LOGITS_KEY = 'espalier.logits';

/**
 * As {@link classScores}, but where none can be chosen the reason is returned; the only output is chosen where it has at least
 * as many columns as the data has classes. Throws `usage` where a name is none of an output, `unsupported` where that output has another shape.
 */
export function findClassScores(graph: Graph, { logits, classes = 0 }: ScoresSought = {}): FoundScores {
  const shapes = outputShapes(graph);
  const count = (value: Value) => classCount(graph, shapes.get(value) ?? null);
  const wanted = logits ?? graph.metadata[LOGITS_KEY];
  if (wanted !== undefined) return { value: checked(namedOutput(graph, wanted, '`logits`'), count) };
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
 * The output with class scores: [N, classes], [N, classes, 1, 1], [N, 1, 1, classes], or [classes] where the network takes single
 * images. It is the named one, else the one with as many classes as the data, else the only output, which may have
 * fewer columns as long as labels fit. Throws `unsupported` where there are none, `usage` where several outputs may be meant.
 */
export function classScores(graph: Graph, sought: ScoresSought = {}): Value {
  const found = findClassScores(graph, sought);
  if (found.value) return found.value;
  if (found.only) return found.only;
  const where = graph.outputs.length === 1 ? graph.outputs[0]!.name : graph.name;
  throw new EspalierError(found.several ? 'usage' : 'unsupported', found.reason, { where });
}

/** The network with the name of its class scores stored in it, where it has other outputs too; throws as {@link classScores}. */
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

function checked(value: Value, count: (value: Value) => Dim | 'open'): Value {
  if (count(value) !== null) return value;
  const message = `expected class scores [N, classes], found ${formatShape(value.shape)}`;
  throw new EspalierError('unsupported', message, { where: value.name });
}

/** How many classes scores of a shape are of; `open` where that is free, null where they are no class scores. */
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

/** Whether a leading dimension may be the batch: a fixed one is the image's, or 1 as exporters declare it. */
function isBatch(graph: Graph, dim: Dim): boolean {
  const main = mainInput(graph);
  const image = main && isUnbatched(main) ? 1 : main?.shape?.[0];
  return typeof dim !== 'number' || dim === 1 || dim === image;
}
