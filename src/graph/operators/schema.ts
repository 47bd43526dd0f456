import type { Tensor } from '../../numeric/tensor.ts';
import type { Graph } from '../graph.ts';

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

export type AttributeKind = keyof AttributeTypes;

/** An attribute of an operator: its kind, and its default where ONNX gives one. */
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

export type AttributeSchemas = Readonly<Record<string, AttributeSchema>>;

/**
 * An operator: its attributes and the number of its outputs that a builder makes ('variadic' where nodes differ).
 * Further optional outputs (indices of MaxPool, mask of Dropout …) exist only in nodes that list them.
 */
export interface OperatorSchema<A extends AttributeSchemas = AttributeSchemas, O = number | 'variadic'> {
  readonly attributes: A;
  readonly outputs: O;
}

export function operator<const A extends AttributeSchemas>(attributes: A): OperatorSchema<A, 1>;
export function operator<const A extends AttributeSchemas, const O extends number | 'variadic'>(
  attributes: A,
  outputs: O,
): OperatorSchema<A, O>;
export function operator(attributes: AttributeSchemas, outputs: number | 'variadic' = 1): OperatorSchema {
  return { attributes, outputs };
}

/** The attributes of a node as its operator's rules read them: defaults filled in. */
export type ParsedAttributes<A extends AttributeSchemas> = {
  readonly [N in keyof A]: A[N] extends AttributeSchema<infer K, infer D>
    ? undefined extends D
      ? AttributeTypes[K] | undefined
      : AttributeTypes[K]
    : never;
};

/** The attributes as a builder takes them. */
export type GivenAttributes<A extends AttributeSchemas> = {
  readonly [N in keyof A]?: A[N] extends AttributeSchema<infer K, unknown>
    ? AttributeTypes[K] | undefined
    : never;
};
