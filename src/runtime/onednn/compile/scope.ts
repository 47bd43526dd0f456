import { type Graph, makeConstant, type Node, type Value } from '../../../graph/graph.ts';
import { type Connections, connections } from '../../../graph/topology.ts';
import { filled } from '../../../numeric/tensor.ts';
import type { Descriptor, Dnnl, Primitive } from '../library/api.ts';
import { type Copies, openCopies } from './copies.ts';
import { type Layouts, openLayouts } from './layouts.ts';
import {
  type Arguments,
  type HostInstruction,
  hostInstruction,
  type InPlace,
  type LinkedInstruction,
  type NativeOperand,
  type Operand,
  primitiveInstruction,
} from './operand.ts';

/** The program under construction, as seen by kernels. */
export interface LoweringScope extends Copies, Layouts {
  readonly dnnl: Dnnl;
  readonly connections: Connections;
  /** A vector of equal numbers. */
  constant(length: number, entry: number): Operand;
  /** The same memory interpreted with another descriptor. */
  seen(operand: Operand, descriptor: Descriptor): NativeOperand;
  run(primitive: Primitive, operands: Arguments, inPlace?: InPlace): void;
  host<const R extends readonly Operand[], const W extends readonly Operand[]>(
    instruction: HostInstruction<R, W>,
  ): void;
  /** Clears an operand. */
  zeros(operand: Operand): void;
  emit(instruction: LinkedInstruction): void;
  /** Marks a node that the kernel of another node has already computed. */
  skip(node: Node): void;
  isSkipped(node: Node): boolean;
  isState(value: Value): boolean;
  /** Whether a value is among the graph's outputs. */
  isOutput(value: Value): boolean;
  /** The only node that reads a value; null if there are several, or if the value is an output. */
  onlyReader(value: Value): Node | null;
  /** Data that forward kernels keep for backward kernels, by the computed value. */
  readonly left: Map<Value, Leftover>;
}

/** Data that a forward kernel keeps for the backward kernel. */
export interface Leftover {
  readonly primitive: Primitive;
  readonly workspace: Operand | null;
  readonly node: Node;
}

/** The result of lowering. */
export interface Lowered {
  readonly instructions: LinkedInstruction[];
  /** Run once, when the program is created: converts constants to their layouts. */
  readonly setup: LinkedInstruction[];
  readonly copies: ReadonlyMap<Value, readonly Operand[]>;
}

/** Opens the scope of a graph; `states` are the inputs whose values persist. */
export function openScope(
  graph: Graph,
  dnnl: Dnnl,
  { block, states }: { readonly block: 8 | 16; readonly states: ReadonlySet<Value> },
): LoweringScope & Lowered {
  const links = connections(graph);
  const lowered = { instructions: [], setup: [], copies: new Map() } as {
    instructions: LinkedInstruction[];
    setup: LinkedInstruction[];
    copies: Map<Value, Operand[]>;
  };
  const layouts = openLayouts(dnnl, block);
  const isState = (value: Value) => states.has(value);
  const copies = openCopies({ dnnl, layouts, isState, ...lowered });
  const vectors = new Map<string, Value>();
  const skipped = new Set<Node>();
  const append = (instruction: LinkedInstruction) => void lowered.instructions.push(instruction);
  return {
    ...lowered,
    ...layouts,
    ...copies,
    dnnl,
    connections: links,
    left: new Map(),
    constant(length, entry) {
      const key = `${entry}×${length}`;
      const known = vectors.get(key) ?? makeConstant(key, filled([length], entry));
      vectors.set(key, known);
      return copies.read(known);
    },
    seen: (operand, descriptor) => ({ ...operand, descriptor }),
    run: (primitive, operands, inPlace) =>
      append(primitiveInstruction(dnnl, { primitive, operands }, inPlace)),
    host: (instruction) => append(hostInstruction(instruction)),
    zeros: (operand) =>
      append(
        hostInstruction({
          label: 'zeros',
          reads: [],
          writes: [{ ...operand, isRaw: true }],
          compute: (_, [target]) => void (target as Float32Array).fill(0),
        }),
      ),
    emit: append,
    skip: (node) => void skipped.add(node),
    isSkipped: (node) => skipped.has(node),
    isState,
    isOutput: (value) => (links.uses.get(value) ?? []).some(({ node }) => node === null),
    onlyReader(value) {
      const [use, ...others] = links.uses.get(value) ?? [];
      return use && others.length === 0 ? use.node : null;
    },
  };
}
