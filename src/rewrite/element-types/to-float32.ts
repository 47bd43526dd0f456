import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../../graph/clone.ts';
import type { Attribute, Graph, Node, Value } from '../../graph/graph.ts';
import { isFloating } from '../../graph/operand-types.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { traitsOf } from '../../graph/operators/traits.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { subgraphs } from '../../graph/topology.ts';
import { asFloat32, isOtherFloat, type OtherFloat } from '../../numeric/float-conversion.ts';
import type { DataType, Tensor } from '../../numeric/tensor.ts';
import { withStatedTypes } from './attributes.ts';
import { type TypeRecord, typesOf } from './record.ts';
import { restoreTypes } from './restore.ts';
import { signatureOf, withSignature } from './with-signature.ts';

/** A network in float32, with the conversion back to its own types. */
export interface Float32Form {
  /** The network with all floating-point types replaced by float32; the given graph if it has no others. */
  readonly graph: Graph;
  /** The main type of the given network. */
  readonly elementType: DataType;
  /**
   * Converts a changed graph back to the types of the given network: remaining values get their own types, new ones those of
   * their neighbours, with Casts between different types. Throws `unsupported` if a constant is out of range.
   */
  restore(edited: Graph): Graph;
  /** Converts only the inputs and outputs of a changed graph back; it remains float32 inside. */
  restoreSignature(edited: Graph): Graph;
}

/**
 * Converts a network in float16, bfloat16 or float64, or a mixture, to float32. Constants are converted, those of float64 are
 * rounded; Casts between these types become redundant.
 */
export function toFloat32(graph: Graph): Float32Form {
  const copy = cloneGraph(graph);
  completeTypes(copy);
  const main = mainType(copy);
  if (!main) {
    const same = (edited: Graph) => edited;
    return { graph, elementType: 'float32', restore: same, restoreSignature: same };
  }
  refuseOtherTypes(copy);
  const signature = signatureOf(copy);
  const converted = new Map<Tensor, Tensor>();
  const types = { main, ...typesOf(copy), stored: storedTypes(copy) };
  convertGraph(copy, { converted, convertible: convertibleTypes(main) });
  const originals = new Map([...converted].map(([from, to]) => [to, from]));
  const record: TypeRecord = { ...types, originals };
  return {
    graph: copy,
    elementType: main,
    restore: (edited) => restoreTypes(edited, record),
    restoreSignature: (edited) => withSignature(edited, signature),
  };
}

/** Completes types that are missing in the file: an operator without rule has the type of its first floating-point input. */
function completeTypes(graph: Graph): void {
  inferShapes(graph);
  fillTypes(graph);
  inferShapes(graph);
}

function fillTypes(graph: Graph): void {
  for (const node of graph.nodes) {
    const operand = node.inputs.find((value) => value && isFloating(value.dtype));
    for (const value of node.outputs) {
      if (value && !value.dtype && value.otherType === undefined && operand) value.dtype = operand.dtype;
    }
    for (const body of subgraphs(node)) fillTypes(body);
  }
}

/** float64 is converted only if it is the main type: float32 networks compute sizes in float64, which must stay exact. */
const convertibleTypes = (main: DataType): ReadonlySet<DataType | null> =>
  new Set<DataType>(main === 'float64' ? ['float16', 'bfloat16', 'float64'] : ['float16', 'bfloat16']);

/** The type of most convolutions and matrix products, else of any value; null if it is float32. */
function mainType(graph: Graph): OtherFloat | null {
  const counts = new Map<OtherFloat, number>();
  const count = (value: Value | null | undefined, weight: number) => {
    const dtype = value?.dtype;
    if (isOtherFloat(dtype)) counts.set(dtype, (counts.get(dtype) ?? 0) + weight);
  };
  const walk = (part: Graph) => {
    for (const value of [...part.inputs, ...part.initializers])
      if (value.dtype !== 'float64') count(value, 1);
    for (const node of part.nodes) {
      for (const value of node.outputs) {
        if (value?.dtype !== 'float64' || traitsOf(node).linear)
          count(value, traitsOf(node).linear ? 1000 : 1);
      }
      for (const body of subgraphs(node)) walk(body);
    }
  };
  walk(graph);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? null;
}

/** Rejects sequences, optionals and maps of these types. */
function refuseOtherTypes(graph: Graph): void {
  for (const node of graph.nodes) {
    for (const value of node.outputs) {
      if (value?.otherType === undefined) continue;
      const message =
        'a value that is not a tensor cannot be converted: export the network in float32, or without sequences';
      throw new EspalierError('unsupported', message, { where: value.name });
    }
    for (const body of subgraphs(node)) refuseOtherTypes(body);
  }
}

/** Weights stored in half precision that are cast before they are read. */
function storedTypes(graph: Graph): Map<string, OtherFloat> {
  const stored = new Map<string, OtherFloat>();
  const walk = (part: Graph) => {
    for (const node of part.nodes) {
      const [x] = node.inputs;
      const [y] = node.outputs;
      const isConstant = x?.tensor && !part.inputs.includes(x);
      if (isOperator(node, 'Cast') && y?.dtype === 'float32' && isConstant && isOtherFloat(x.dtype)) {
        stored.set(y.name, x.dtype);
      }
      for (const body of subgraphs(node)) walk(body);
    }
  };
  walk(graph);
  return stored;
}

interface Conversion {
  readonly converted: Map<Tensor, Tensor>;
  readonly convertible: ReadonlySet<DataType | null>;
}

function convertGraph(graph: Graph, conversion: Conversion): void {
  const values = new Set<Value | null>([...graph.inputs, ...graph.initializers, ...graph.outputs]);
  for (const node of graph.nodes) {
    for (const value of [...node.inputs, ...node.outputs]) values.add(value);
    convertNode(node, conversion);
    for (const body of subgraphs(node)) convertGraph(body, conversion);
  }
  for (const value of values) {
    if (!value || !conversion.convertible.has(value.dtype)) continue;
    value.dtype = 'float32';
    if (value.tensor) value.tensor = convertTensor(value.tensor, conversion);
  }
}

function convertNode(node: Node, conversion: Conversion): void {
  const stated = withStatedTypes(node, (dtype) => (conversion.convertible.has(dtype) ? 'float32' : dtype));
  node.attributes = Object.fromEntries(
    Object.entries(stated).map(([name, attribute]): [string, Attribute] => [
      name,
      attribute.kind === 'tensor'
        ? { kind: 'tensor', value: convertTensor(attribute.value, conversion) }
        : attribute,
    ]),
  );
}

function convertTensor(tensor: Tensor, { converted, convertible }: Conversion): Tensor {
  if (!convertible.has(tensor.dtype)) return tensor;
  const known = converted.get(tensor);
  if (known) return known;
  const made = asFloat32(tensor);
  converted.set(tensor, made);
  return made;
}
