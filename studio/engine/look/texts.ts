import type { Attribute, Shape } from 'espalier/core';
import type { NamedText } from './drawing.ts';

/** `1×64×56×56`; `?` for an unknown rank, and for each unknown dimension. */
export const shapeText = (shape: Shape | null): string =>
  shape === null ? '?' : shape.length === 0 ? 'scalar' : shape.map((dim) => dim ?? '?').join('×');

/** The attributes of a node as text. */
export const attributeTexts = (attributes: Readonly<Record<string, Attribute>>): NamedText[] =>
  Object.entries(attributes).map(([name, attribute]) => [name, attributeText(attribute)]);

const MOST_ELEMENTS = 16;

function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'ints':
    case 'floats':
    case 'strings':
      return listText(attribute.value);
    case 'tensor':
      return `${attribute.value.dtype} ${shapeText(attribute.value.shape)}`;
    case 'graph':
      return `a graph of ${attribute.value.nodes.length} nodes`;
    case 'graphs':
      return `${attribute.value.length} graphs`;
    case 'opaque':
      return 'not interpreted';
    default:
      return plainText(attribute.value);
  }
}

function listText(values: readonly (number | bigint | string | Uint8Array)[]): string {
  const more = values.length > MOST_ELEMENTS ? `, … ${values.length} in all` : '';
  return `[${values.slice(0, MOST_ELEMENTS).map(plainText).join(', ')}${more}]`;
}

const plainText = (value: number | bigint | string | Uint8Array): string =>
  value instanceof Uint8Array ? `${value.length} bytes` : String(value);
