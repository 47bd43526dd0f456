import type { Tensor } from '../../numeric/tensor.ts';
import type { Graph, Value } from '../graph.ts';

/** The value type of each attribute kind. */
export interface AttributeTypes {
  int: number;
  float: number;
  string: string;
  ints: readonly number[];
  floats: readonly number[];
  strings: readonly string[];
  tensor: Tensor;
  graph: Graph;
}

/** The kind of an attribute. */
export type AttributeKind = keyof AttributeTypes;

/** An attribute of an operator: its kind, and its default if ONNX specifies one. */
export interface AttributeSchema<K extends AttributeKind = AttributeKind, D = unknown> {
  readonly kind: K;
  readonly default: D;
}

const schema =
  <K extends AttributeKind>(kind: K) =>
  <D extends AttributeTypes[K] | undefined = undefined>(value?: D): AttributeSchema<K, D> => ({
    kind,
    default: value as D,
  });

export const int = schema('int');
export const float = schema('float');
export const string = schema('string');
export const ints = schema('ints');
export const floats = schema('floats');
export const strings = schema('strings');
export const tensor = schema('tensor');
export const graph = schema('graph');

/** The attributes of an operator, by name. */
export type AttributeSchemas = Readonly<Record<string, AttributeSchema>>;

/** Input names in a row: `x`, `bias?` for an optional input, `...inputs` for any number of inputs. */
export type InputNames = readonly string[];

/** An input as described by its name in the row. */
interface InputSlot {
  readonly name: string;
  readonly kind: 'required' | 'optional' | 'variadic';
}

/**
 * An operator: its inputs, its attributes, and the number of outputs that a builder creates ('variadic' if it depends on the
 * node). Additional optional outputs (indices of MaxPool, mask of Dropout …) only exist in nodes that list them.
 */
export interface OperatorSchema<
  I extends InputNames = InputNames,
  A extends AttributeSchemas = AttributeSchemas,
  O = number | 'variadic',
> {
  readonly names: I;
  readonly inputs: readonly InputSlot[];
  readonly attributes: A;
  readonly outputs: O;
}

export function operator<const I extends InputNames>(inputs: I): OperatorSchema<I, NoAttributes, 1>;
export function operator<const I extends InputNames, const A extends AttributeSchemas>(
  inputs: I,
  attributes: A,
): OperatorSchema<I, A, 1>;
export function operator<
  const I extends InputNames,
  const A extends AttributeSchemas,
  const O extends number | 'variadic',
>(inputs: I, attributes: A, outputs: O): OperatorSchema<I, A, O>;
export function operator(
  names: InputNames,
  attributes: AttributeSchemas = {},
  outputs: number | 'variadic' = 1,
): OperatorSchema {
  return { names, inputs: names.map(inputSlot), attributes, outputs };
}

type NoAttributes = Readonly<Record<never, never>>;

function inputSlot(name: string): InputSlot {
  if (name.startsWith('...')) return { name: name.slice(3), kind: 'variadic' };
  return name.endsWith('?') ? { name: name.slice(0, -1), kind: 'optional' } : { name, kind: 'required' };
}

/** The inputs of a node by name; null for a missing optional one. */
export type NamedInputs<I extends InputNames> = I extends unknown
  ? {
      readonly [N in I[number] as N extends `...${infer Name}` | `${infer Name}?`
        ? Name
        : N]: N extends `...${string}` ? readonly Value[] : N extends `${string}?` ? Value | null : Value;
    }
  : never;

/** The fixed outputs of an operator. */
export type OutputTuple<N> = N extends 1
  ? [Value]
  : N extends 2
    ? [Value, Value]
    : N extends 3
      ? [Value, Value, Value]
      : N extends 5
        ? [Value, Value, Value, Value, Value]
        : Value[];

/** The inputs as given to a builder, by position: optional ones may be null, or omitted at the end. */
export type InputArguments<I extends InputNames> = I extends readonly [
  infer N extends string,
  ...infer Rest extends InputNames,
]
  ? N extends `...${string}`
    ? Value[]
    : N extends `${string}?`
      ? [] | [Value | null | undefined, ...InputArguments<Rest>]
      : [Value, ...InputArguments<Rest>]
  : [];

/** The attributes of a node for the rules of its operator, with defaults. */
export type ParsedAttributes<A extends AttributeSchemas> = {
  readonly [N in keyof A]: A[N] extends AttributeSchema<infer K, infer D>
    ? undefined extends D
      ? AttributeTypes[K] | undefined
      : AttributeTypes[K]
    : never;
};

/** The attributes as given to a builder. */
export type GivenAttributes<A extends AttributeSchemas> = {
  readonly [N in keyof A]?: A[N] extends AttributeSchema<infer K, unknown>
    ? AttributeTypes[K] | undefined
    : never;
};
