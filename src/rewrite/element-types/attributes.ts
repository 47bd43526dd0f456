import type { Attribute, Node } from '../../graph/graph.ts';
import { elementType, elementTypes } from '../../graph/shapes/element-types.ts';
import type { DataType } from '../../numeric/tensor.ts';

/** Attributes that specify the element type of a node's output. */
const typeAttributes = ['to', 'dtype', 'output_dtype', 'output_datatype'] as const;

/** The attributes of a node, with each specified element type replaced by the result of `change`. */
export function withStatedTypes(node: Node, change: (dtype: DataType) => DataType): Node['attributes'] {
  const attributes: Record<string, Attribute> = { ...node.attributes };
  for (const name of typeAttributes) {
    const attribute = Object.hasOwn(attributes, name) ? attributes[name]! : null;
    const dtype = attribute?.kind === 'int' ? elementType(Number(attribute.value)) : null;
    if (dtype) attributes[name] = { kind: 'int', value: elementTypes.indexOf(change(dtype)) };
  }
  return attributes;
}
