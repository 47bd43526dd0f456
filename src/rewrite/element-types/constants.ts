import { EspalierError } from '../../errors.ts';
import { type Graph, makeConstant, type Node, type Value } from '../../graph/graph.ts';
import { elementTypes } from '../../graph/shapes/element-types.ts';
import { subgraphs } from '../../graph/topology.ts';
import { asFloat, isOtherFloat, largestOf, type OtherFloat } from '../../numeric/float-conversion.ts';
import type { DataType, Float32Tensor, Tensor } from '../../numeric/tensor.ts';
import type { TypeRecord } from './record.ts';

/** The float32 constants of a graph, converted to the types that their readers need. */
export interface TypedConstants {
  /** The constant in a type; null if the value is no float32 constant. The first conversion replaces the value itself. */
  typed(value: Value, dtype: DataType): Value | null;
  /** Nodes that are placed first in a graph: Casts of constants that are stored in another type. */
  readonly leading: ReadonlyMap<Graph, readonly Node[]>;
}

/** What the conversion needs: the recorded types and unique names. */
interface ConversionNames {
  readonly record: TypeRecord;
  unique(wanted: string): string;
}

interface Constant {
  readonly owner: Graph;
  readonly tensor: Float32Tensor;
  readonly made: Map<DataType, Value>;
}

/** The initializers of a graph and its subgraphs, except defaults of inputs. */
export function constantsOf(graph: Graph, { record, unique }: ConversionNames): TypedConstants {
  const constants = new Map<Value, Constant>();
  collect(graph, constants);
  const leading = new Map<Graph, Node[]>();
  return {
    leading,
    typed(value, dtype) {
      const constant = constants.get(value);
      if (!constant) return null;
      const { owner, tensor, made } = constant;
      const ready = made.get(dtype);
      if (ready) return ready;
      const target = made.size === 0 ? value : makeConstant(unique(`${value.name}.${dtype}`), tensor);
      if (made.size > 0) owner.initializers.push(target);
      made.set(dtype, target);
      const stored = dtype === 'float32' ? storedType(target, record) : null;
      if (stored) {
        const source = makeConstant(unique(`${target.name}.${stored}`), convert(target, stored, record));
        const cast = castInto(target, { owner, source });
        leading.set(owner, [...(leading.get(owner) ?? []), cast]);
      } else {
        target.tensor = convert(target, dtype, record);
        target.dtype = dtype;
      }
      return target;
    },
  };
}

/** The type in which a constant was stored before a Cast to float32; null if it was not cast. */
function storedType({ name }: Value, { stored, values }: TypeRecord): OtherFloat | null {
  const own = values.get(name);
  return stored.get(name) ?? (isOtherFloat(own) ? own : null);
}

function collect(graph: Graph, constants: Map<Value, Constant>): void {
  const fed = new Set(graph.inputs);
  for (const value of graph.initializers) {
    if (value.dtype !== 'float32' || !value.tensor || fed.has(value)) continue;
    constants.set(value, { owner: graph, tensor: value.tensor as Float32Tensor, made: new Map() });
  }
  for (const node of graph.nodes) for (const body of subgraphs(node)) collect(body, constants);
}

/** Turns a constant into the Cast of one in its stored type. */
function castInto(value: Value, { owner, source }: { readonly owner: Graph; readonly source: Value }): Node {
  owner.initializers = owner.initializers.map((other) => (other === value ? source : other));
  value.tensor = null;
  return castNode(source, value);
}

/** A node that casts one value to the type of another. */
export const castNode = (from: Value, to: Value, name = to.name): Node => ({
  op: 'Cast',
  domain: '',
  name,
  inputs: [from],
  outputs: [to],
  attributes: { to: { kind: 'int', value: elementTypes.indexOf(to.dtype) } },
});

/** The contents of a constant in a type; the original ones if they are unchanged. */
export function convert(value: Value, dtype: DataType, { originals }: TypeRecord): Tensor {
  const tensor = value.tensor as Float32Tensor;
  const original = originals.get(tensor);
  if (original?.dtype === dtype) return original;
  if (!isOtherFloat(dtype)) return tensor;
  return asFloat(clamped(value.name, tensor, dtype), dtype);
}

/** Elements at least this large represent "no bound". */
const UNBOUNDED = 1e30;

/** Clamps unbounded elements to the range of the type. Throws `unsupported` if others exceed it. */
function clamped(name: string, tensor: Float32Tensor, dtype: OtherFloat): Float32Tensor {
  const largest = largestOf(dtype);
  const { data } = tensor;
  let fits = true;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]!);
    if (!(size > largest) || size === Number.POSITIVE_INFINITY) continue;
    fits = false;
    if (size >= UNBOUNDED) continue;
    const message = `holds ${data[i]}, beyond ${dtype}'s largest element, ${largest}: fold the network with \`elementType\` float32`;
    throw new EspalierError('unsupported', message, { where: name });
  }
  if (fits) return tensor;
  const bound = (element: number) =>
    Math.abs(element) === Number.POSITIVE_INFINITY ? element : Math.max(-largest, Math.min(largest, element));
  return { ...tensor, data: data.map(bound) };
}

/** Makes names unique in a graph and its subgraphs. */
export function uniqueNamesInBodies(graph: Graph): (wanted: string) => string {
  const used = new Set<string>();
  const walk = (part: Graph) => {
    for (const { name } of [...part.inputs, ...part.initializers, ...part.outputs]) used.add(name);
    for (const node of part.nodes) {
      used.add(node.name);
      for (const value of node.outputs) if (value) used.add(value.name);
      for (const body of subgraphs(node)) walk(body);
    }
  };
  walk(graph);
  return (wanted) => {
    let name = wanted;
    for (let i = 1; used.has(name); i++) name = `${wanted}_${i}`;
    used.add(name);
    return name;
  };
}
