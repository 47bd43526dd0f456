import { toHex } from '../../numeric/hex.ts';
import { elementCount, type Tensor } from '../../numeric/tensor.ts';
import { type Attribute, DEFAULT_OPSET, type Dim, type Graph, type Node, type Value } from '../graph.ts';
import { formatElements, formatNumber } from './elements.ts';
import { type Names, namesOf, qualifiedOperator, quotedName } from './names.ts';

/** Options of {@link printGraph}. */
export interface PrintOptions {
  /** Whether to print all elements and all known types, so that the text parses to the same graph; default false. */
  readonly full?: boolean;
}

/** Tensors with more elements are abbreviated unless `full` is set. */
const MOST_SHOWN = 16;

interface Printing {
  readonly full: boolean;
  readonly names: Names;
  readonly indent: string;
}

/**
 * Prints a graph in a text form similar to ONNX's. Tensors of more than 16 elements are abbreviated to `...`. Opaque data
 * from files (attributes, notes, types other than tensors) is not printed.
 */
export function printGraph(graph: Graph, { full = false }: PrintOptions = {}): string {
  const printing = { full, names: namesOf(graph, null), indent: '' };
  return `${header(graph)}\n${graphText(graph, printing)}\n`;
}

function header({ opsets, metadata }: Graph): string {
  const { '': opset = DEFAULT_OPSET, ...others } = opsets;
  const domains = Object.entries(others).map(([domain, version]) => {
    return `${domain === 'opset' ? '"opset"' : quotedName(domain)} = ${version}`;
  });
  const notes = Object.entries(metadata).map(([key, text]) => {
    return `${JSON.stringify(key)} = ${JSON.stringify(text)}`;
  });
  return `<${[`opset = ${opset}`, ...domains, ...notes].join(', ')}>`;
}

function graphText(graph: Graph, printing: Printing): string {
  const inner = { ...printing, indent: `${printing.indent}  ` };
  const inputs = graph.inputs.map((value) => typedName(value, inner));
  const outputs = graph.outputs.map((value) => typedName(value, inner));
  const lines = [
    `${quotedName(graph.name)}(${inputs.join(', ')}) => (${outputs.join(', ')}) {`,
    ...graph.initializers.map((value) => inner.indent + initializerText(value, inner)),
    ...graph.nodes.map((node) => inner.indent + nodeText(node, graph, inner)),
    `${printing.indent}}`,
  ];
  return lines.join('\n');
}

function initializerText(value: Value, printing: Printing): string {
  const name = quotedName(printing.names.of(value));
  const { tensor } = value;
  return `${typeText(tensor ?? value)} ${name} = ${tensor ? contents(tensor, printing) : '...'}`;
}

function nodeText(node: Node, graph: Graph, printing: Printing): string {
  const { names, full } = printing;
  const outputs = node.outputs.map((value) => {
    if (!value) return '_';
    return full && !graph.outputs.includes(value) ? typedName(value, printing) : quotedName(names.of(value));
  });
  const first = node.outputs.find((value) => value !== null);
  const label = first && names.of(first) === node.name ? '' : `${JSON.stringify(node.name)}: `;
  const entries = Object.entries(node.attributes).map(([name, attribute]) => {
    return `${quotedName(name)}${attributeText(attribute, printing)}`;
  });
  const attributes = entries.length > 0 ? `<${entries.join(', ')}>` : '';
  const inputs = node.inputs.map((value) => (value ? quotedName(names.of(value)) : '_'));
  const call = `${qualifiedOperator(node.domain, node.op)}${attributes}(${inputs.join(', ')})`;
  return `${label}${outputs.join(', ')}${outputs.length > 0 ? ' ' : ''}= ${call}`;
}

function typedName(value: Value, { names }: Printing): string {
  const name = quotedName(names.of(value));
  return value.dtype || value.shape ? `${typeText(value)} ${name}` : name;
}

const typeText = ({ dtype, shape }: Pick<Value, 'dtype' | 'shape'>) =>
  `${dtype ?? '?'}${shape ? `[${shape.map(dimText).join(', ')}]` : ''}`;

const dimText = (dim: Dim) => (dim === null ? '?' : typeof dim === 'number' ? String(dim) : quotedName(dim));

function contents(tensor: Tensor, { full }: Printing): string {
  return full || elementCount(tensor.shape) <= MOST_SHOWN ? formatElements(tensor) : '...';
}

/** ` = value`, or `: kind = value` if the value alone is ambiguous. */
function attributeText(attribute: Attribute, printing: Printing): string {
  const isEmptyList = Array.isArray(attribute.value) && attribute.value.length === 0;
  const kind = isEmptyList ? `: ${attribute.kind}` : '';
  return `${kind} = ${attributeValue(attribute, printing)}`;
}

function attributeValue(attribute: Attribute, printing: Printing): string {
  switch (attribute.kind) {
    case 'int':
      return String(attribute.value);
    case 'float':
      return floatText(attribute.value);
    case 'string':
      return stringText(attribute.value);
    case 'ints':
      return `[${attribute.value.join(', ')}]`;
    case 'floats':
      return `[${attribute.value.map(floatText).join(', ')}]`;
    case 'strings':
      return `[${attribute.value.map(stringText).join(', ')}]`;
    case 'tensor':
      return typeText(attribute.value) + contents(attribute.value, printing);
    case 'graph':
      return bodyText(attribute.value, printing);
    case 'graphs':
      return `[${attribute.value.map((body) => bodyText(body, printing)).join(', ')}]`;
    case 'opaque':
      return '...';
  }
}

const bodyText = (body: Graph, printing: Printing) =>
  graphText(body, { ...printing, names: namesOf(body, printing.names) });

/** A float, always with a point or exponent, to distinguish it from an integer. */
function floatText(value: number): string {
  const text = formatNumber(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const stringText = (value: string | Uint8Array) =>
  typeof value === 'string' ? JSON.stringify(value) : `b"${toHex(value)}"`;
