import { uniqueNames } from '../../graph/builder.ts';
import { type Graph, makeConstant, makeValue, type Node, onlyOutput, type Value } from '../../graph/graph.ts';
import { attributesOf, isOneOf, isOperator, makeAttributes } from '../../graph/operators/index.ts';
import { connections } from '../../graph/topology.ts';
import { int64s } from '../../numeric/tensor.ts';

/**
 * Rewrites, in place, a Concat with zeros (an initializer, a ConstantOfShape, or values derived from them) as Pad. Its zeros
 * are then coupled with the channels to which they are added.
 */
export function padInsteadOfZeros(graph: Graph): void {
  const { producer } = connections(graph);
  const unique = uniqueNames(graph);
  graph.nodes = graph.nodes.flatMap((node) => {
    const parts = joinsChannels(node) ? paddedParts(node, producer) : null;
    return parts ? padded(graph, { node, parts, unique }) : [node];
  });
}

/** Lists of integers are sizes, whose zeros shape inference needs. */
const joinsChannels = (node: Node): boolean =>
  isOperator(node, 'Concat') && node.outputs[0]?.dtype?.startsWith('float') === true;

/** An operand, and the numbers of zeros before and after it. */
interface PaddedPart {
  readonly value: Value;
  before: number;
  behind: number;
}

/** The operands of a Concat that are not zero; null if there is nothing to pad, or a size is open. */
function paddedParts(node: Node, producer: ReadonlyMap<Value, Node>): PaddedPart[] | null {
  const parts: PaddedPart[] = [];
  let leading = 0;
  for (const value of node.inputs) {
    if (!value) return null;
    if (!isZero(value, producer)) {
      parts.push({ value, before: leading, behind: 0 });
      leading = 0;
      continue;
    }
    const size = value.shape?.[axisOf(node, value)];
    if (typeof size !== 'number') return null;
    const last = parts.at(-1);
    if (last) last.behind += size;
    else leading += size;
  }
  return parts.some(({ before, behind }) => before + behind > 0) ? parts : null;
}

interface Padding {
  readonly node: Node;
  readonly parts: readonly PaddedPart[];
  unique(wanted: string): string;
}

function padded(graph: Graph, { node, parts, unique }: Padding): Node[] {
  const pads: Node[] = [];
  const output = onlyOutput(node);
  const name = node.name || output.name;
  const inputs = parts.map(({ value, before, behind }) => {
    if (before + behind === 0) return value;
    const rank = value.shape!.length;
    const amounts = new Array<number>(2 * rank).fill(0);
    const axis = axisOf(node, value);
    [amounts[axis], amounts[axis + rank]] = [before, behind];
    const constant = makeConstant(unique(`${name}.pads`), int64s(amounts));
    graph.initializers.push(constant);
    const result = parts.length === 1 ? output : makeValue(unique(`${name}.padded`), value.dtype);
    pads.push({
      op: 'Pad',
      domain: '',
      name: parts.length === 1 ? name : result.name,
      inputs: [value, constant],
      outputs: [result],
      attributes: makeAttributes('Pad', {}),
    });
    return result;
  });
  return parts.length === 1 ? pads : [...pads, { ...node, inputs }];
}

function axisOf(node: Node, { shape }: Value): number {
  const { axis = 0 } = attributesOf(node, 'Concat');
  return axis < 0 ? axis + (shape?.length ?? 0) : axis;
}

/** Operators that map zeros to zeros, with regard to their first input. */
const passesZeros = isOneOf(
  'Identity',
  'Expand',
  'Tile',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Slice',
  'Cast',
  'Neg',
  'Abs',
  'Relu',
  'Gather',
  'CastLike',
);

function isZero(value: Value, producer: ReadonlyMap<Value, Node>): boolean {
  if (value.tensor) return isZeroTensor(value.tensor);
  const node = producer.get(value);
  if (node?.domain !== '') return false;
  if (isOperator(node, 'ConstantOfShape')) {
    const { value: element } = attributesOf(node, 'ConstantOfShape');
    return !element || isZeroTensor(element);
  }
  const zero = (input: Value | null | undefined) => !!input && isZero(input, producer);
  if (isOperator(node, 'Mul')) return node.inputs.some((input) => zero(input));
  if (isOperator(node, 'Concat')) return node.inputs.every((input) => zero(input));
  return passesZeros(node) && zero(node.inputs[0]);
}

const isZeroTensor = ({ dtype, data }: NonNullable<Value['tensor']>): boolean =>
  dtype !== 'string' && data.every((element: unknown) => Number(element) === 0);
