import type { Attribute, Node } from '../../graph/graph.ts';
import { elementType, elementTypes } from '../../graph/shapes/element-types.ts';
import type { DataType } from '../../numeric/tensor.ts';

/** Attributes that state the element type of what a node computes. */
const typeAttributes = ['to', 'dtype', 'output_dtype', 'output_datatype'] as const;

/** A node's attributes with each stated element type replaced by what `change` makes of it. */
export function withStatedTypes(node: Node, change: (dtype: DataType) => DataType): Node['attributes'] {
  const attributes: Record<string, Attribute> = { ...node.attributes };
  for (const name of typeAttributes) {
    const attribute = Object.hasOwn(attributes, name) ? attributes[name]! : null;
    const dtype = attribute?.kind === 'int' ? elementType(Number(attribute.value)) : null;
    if (dtype) attributes[name] = { kind: 'int', value: elementTypes.indexOf(change(dtype)) };
  }
  return attributes;
}
