import {
  connections,
  type Graph,
  type LayerCost,
  type NetworkFacts,
  type Node,
  type Value,
} from 'espalier/core';
import type { Coupled } from './coupled.ts';
import { attributeTexts, shapeText } from './texts.ts';

/** The nodes of a graph with its inputs and outputs, and the values between them. Plain data. */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

/** A node as the page shows it. */
export interface DrawnNode {
  readonly name: string;
  /** The operator; `Input` and `Output` for those of the graph. */
  readonly op: string;
  /** `3×3, 64 → 128` for layers that multiply; else ''. */
  readonly summary: string;
  /** Names and shapes. */
  readonly inputs: readonly NamedText[];
  readonly outputs: readonly NamedText[];
  readonly attributes: readonly NamedText[];
  readonly macs: number;
  readonly parameters: number;
  /** Index of the channel group that its output carries; null if there is none. */
  readonly group: number | null;
  /** For an Add that ends a residual connection: its kind. */
  readonly residual: string | null;
}

/** A name, and a text about it. */
export type NamedText = readonly [name: string, text: string];

/** A value that one node computes and another reads, by their indices. */
export interface DrawnEdge {
  readonly from: number;
  readonly to: number;
  readonly shape: string;
  readonly group: number | null;
}

/** What is known of the nodes and values of a graph. */
export interface Known {
  readonly facts: Pick<NetworkFacts, 'layers' | 'residuals'>;
  readonly coupled: Pick<Coupled, 'groupOf'>;
}

/** Draws a graph: every node except constants, in graph order between inputs and outputs. */
export function drawingOf(graph: Graph, known: Known): Drawing {
  const initializers = new Set(graph.initializers);
  const inputs = graph.inputs.filter((value) => !initializers.has(value));
  const computed = graph.nodes.filter(({ outputs }) => !outputs.every((value) => !value || value.tensor));
  const describe = describer(known);
  const nodes = [
    ...inputs.map((value) => boundary('Input', value, known)),
    ...computed.map(describe),
    ...graph.outputs.map((value) => boundary('Output', value, known)),
  ];
  const indexOf = new Map(computed.map((node, i) => [node, inputs.length + i]));
  const { producer, uses } = connections(graph);
  const edgesFrom = (value: Value, from: number): DrawnEdge[] =>
    (uses.get(value) ?? []).flatMap(({ node, index }) => {
      const to = node ? indexOf.get(node) : inputs.length + computed.length + index;
      const shape = shapeText(value.shape);
      return to === undefined ? [] : [{ from, to, shape, group: known.coupled.groupOf(value) }];
    });
  const values = [...inputs, ...computed.flatMap(({ outputs }) => outputs)];
  const edges = values.flatMap((value) => {
    if (!value) return [];
    const node = producer.get(value);
    return edgesFrom(value, node ? indexOf.get(node)! : inputs.indexOf(value));
  });
  return { nodes, edges };
}

function describer({ facts: { layers, residuals }, coupled }: Known): (node: Node) => DrawnNode {
  const costOf = new Map(layers.map((layer) => [layer.name, layer]));
  const kindOf = new Map<string, string>(residuals.map(({ add, kind }) => [add, kind]));
  return (node) => {
    const name = node.name || node.outputs[0]?.name || node.op;
    const cost = costOf.get(name);
    const [output] = node.outputs;
    return {
      name,
      op: node.op,
      summary: cost ? summaryOf(cost) : '',
      inputs: node.inputs.flatMap((value) => (value ? [valueText(value)] : [])),
      outputs: node.outputs.flatMap((value) => (value ? [valueText(value)] : [])),
      attributes: attributeTexts(node.attributes),
      macs: cost?.macs ?? 0,
      parameters: cost?.parameters ?? 0,
      group: output ? coupled.groupOf(output) : null,
      residual: kindOf.get(name) ?? null,
    };
  };
}

function summaryOf({ kernel, inChannels, outChannels }: LayerCost): string {
  if (outChannels === 0) return '';
  return [...(kernel.length > 0 ? [kernel.join('×')] : []), `${inChannels} → ${outChannels}`].join(', ');
}

const boundary = (op: 'Input' | 'Output', value: Value, { coupled }: Known): DrawnNode => ({
  name: value.name,
  op,
  summary: shapeText(value.shape),
  inputs: op === 'Output' ? [valueText(value)] : [],
  outputs: op === 'Input' ? [valueText(value)] : [],
  attributes: [],
  macs: 0,
  parameters: 0,
  group: coupled.groupOf(value),
  residual: null,
});

const valueText = ({ name, dtype, shape }: Value): NamedText => [name, `${dtype ?? '?'} ${shapeText(shape)}`];
