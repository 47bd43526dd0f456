import { assert } from '../errors.ts';
import { type DataType, floats, int64s, type Tensor } from '../numeric/tensor.ts';
import { type Graph, makeConstant, makeValue, type Node, type Shape, type Value } from './graph.ts';
import {
  domainOf,
  type GivenAttributesOf,
  makeAttributes,
  type OperatorName,
  type OperatorTable,
  type OutputCount,
  operators,
} from './operators/index.ts';
import type { InputArguments, OutputTuple } from './operators/schema.ts';
import { inferNode, type KnownElements } from './shapes/index.ts';
import { subgraphs } from './topology.ts';

/** The result of a builder method: the value of an operator with one output, else its values in order. */
export type OperatorOutputs<N> = N extends 1 ? Value : OutputTuple<N>;

/** Inputs by position (null for a missing optional one), then attributes. */
export type OperatorArguments<Op extends OperatorName> =
  | InputArguments<OperatorTable[Op]['names']>
  | (keyof GivenAttributesOf<Op> extends never
      ? never
      : [...InputArguments<OperatorTable[Op]['names']>, GivenAttributesOf<Op>]);

/** One method per operator with a fixed number of outputs. */
export type OperatorMethods = {
  readonly [Op in OperatorName as OutputCount<Op> extends number ? Op : never]: (
    ...args: OperatorArguments<Op>
  ) => OperatorOutputs<OutputCount<Op>>;
};

/** Appends typed nodes to a graph and infers the types of their outputs. */
export interface Builder extends OperatorMethods {
  readonly graph: Graph;
  input(name: string, dtype: DataType, shape: Shape): Value;
  /** Adds an initializer; the name is made unique. */
  constant(tensor: Tensor, name?: string): Value;
  /** Adds a float32 initializer; a single number makes a scalar. */
  floats(data: number | readonly number[], shape?: readonly number[]): Value;
  /** Adds a one-dimensional int64 initializer. */
  int64s(values: readonly number[]): Value;
  /** Declares a graph output, renamed if a name is given. */
  output(value: Value, name?: string): Value;
  /** Appends a node of any known operator, with any number of outputs. */
  node<Op extends OperatorName>(
    op: Op,
    inputs: readonly (Value | null)[],
    attributes: GivenAttributesOf<Op>,
    outputs: number,
  ): Value[];
  /** The same builder, whose next node (and its first output) is called `name`. */
  named(name: string): Builder;
}

/**
 * A builder that appends to `graph`, with one typed method per ONNX operator. The types of results are inferred; a method
 * throws `shape` if its inputs do not fit together.
 *
 * @example
 * const g = builderOf(emptyGraph('double'));
 * const x = g.input('x', 'float32', ['N', 3]);
 * g.output(g.Mul(x, g.floats(2)), 'y');
 * writeModelFile(g.graph, 'double.onnx');
 */
export function builderOf(graph: Graph): Builder {
  const unique = uniqueNames(graph);
  const contents: KnownElements = new Map();
  let nextName: string | null = null;

  const node: Builder['node'] = (op, inputs, attributes, outputs) => {
    const name = unique(nextName ?? op);
    nextName = null;
    const made: Node = {
      op,
      domain: domainOf(op),
      name,
      inputs: trimmed(inputs),
      outputs: Array.from({ length: outputs }, (_, i) => makeValue(i === 0 ? name : unique(`${name}.${i}`))),
      attributes: makeAttributes(op, attributes),
    };
    if (made.domain) graph.opsets[made.domain] ??= 1;
    inferNode(made, graph.opsets, contents);
    graph.nodes.push(made);
    return made.outputs as Value[];
  };
  const constant: Builder['constant'] = (tensor, name = 'constant') => {
    const value = makeConstant(unique(name), tensor);
    graph.initializers.push(value);
    return value;
  };

  const builder = {
    graph,
    node,
    constant,
    input: (name: string, dtype: DataType, shape: Shape) => {
      const value = makeValue(unique(name), dtype, shape);
      graph.inputs.push(value);
      return value;
    },
    floats: (data: number | readonly number[], shape?: readonly number[]) =>
      typeof data === 'number'
        ? constant(floats([], [data]))
        : constant(floats(shape ?? [data.length], data)),
    int64s: (values: readonly number[]) => constant(int64s(values)),
    output: (value: Value, name?: string) => {
      if (name !== undefined) value.name = unique(name);
      graph.outputs.push(value);
      return value;
    },
    named: (name: string) => {
      nextName = name;
      return builder as unknown as Builder;
    },
    ...operatorMethods(node),
  };
  return builder as unknown as Builder;
}

type Argument = Value | null | undefined | GivenAttributesOf<OperatorName>;

function operatorMethods(node: Builder['node']): Record<string, unknown> {
  const methods: Record<string, unknown> = {};
  for (const [op, { outputs }] of Object.entries(operators)) {
    if (typeof outputs !== 'number') continue;
    methods[op] = (...args: Argument[]) => {
      const { inputs, attributes } = splitArguments(args);
      const made = node(op as OperatorName, inputs, attributes, outputs);
      return outputs === 1 ? made[0] : made;
    };
  }
  return methods;
}

function splitArguments(args: readonly Argument[]) {
  const last = args.at(-1);
  const hasAttributes = last !== null && last !== undefined && !isValue(last);
  const values = hasAttributes ? args.slice(0, -1) : args;
  const inputs = values.map((value) => {
    assert(value === null || value === undefined || isValue(value), 'attributes come last');
    return value ?? null;
  });
  return { inputs, attributes: hasAttributes ? (last as GivenAttributesOf<OperatorName>) : {} };
}

const isValue = (argument: object): argument is Value =>
  'tensor' in argument && 'dtype' in argument && 'name' in argument;

function trimmed(inputs: readonly (Value | null)[]): (Value | null)[] {
  let length = inputs.length;
  while (length > 0 && !inputs[length - 1]) length--;
  return inputs.slice(0, length);
}

/** Returns a function that makes names unique in a graph and its subgraphs, by a suffix if necessary. */
export function uniqueNames(graph: Graph): (wanted: string) => string {
  const used = new Set<string>();
  collectNames(graph, used);
  return suffixed(used);
}

/** Returns a function that makes names unique among those in use, by a suffix if necessary, and adds them to these. */
export function suffixed(used: Set<string>): (wanted: string) => string {
  const next = new Map<string, number>();
  return (wanted) => {
    let name = wanted;
    for (let i = next.get(wanted) ?? 1; used.has(name); i++) {
      name = `${wanted}_${i}`;
      next.set(wanted, i + 1);
    }
    used.add(name);
    return name;
  };
}

function collectNames(graph: Graph, used: Set<string>): void {
  for (const value of [...graph.inputs, ...graph.initializers, ...graph.outputs]) used.add(value.name);
  for (const node of graph.nodes) {
    used.add(node.name);
    for (const value of node.outputs) if (value) used.add(value.name);
    for (const body of subgraphs(node)) collectNames(body, used);
  }
}
