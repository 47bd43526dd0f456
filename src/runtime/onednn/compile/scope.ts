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

/** The program under construction, as kernels see it. */
export interface LoweringScope extends Copies, Layouts {
  readonly dnnl: Dnnl;
  readonly connections: Connections;
  /** A vector of equal entries. */
  constant(length: number, entry: number): Operand;
  /** The same memory seen in another shape. */
  seen(operand: Operand, descriptor: Descriptor): NativeOperand;
  run(primitive: Primitive, operands: Arguments, inPlace?: InPlace): void;
  host<const R extends readonly Operand[], const W extends readonly Operand[]>(
    instruction: HostInstruction<R, W>,
  ): void;
  emit(instruction: LinkedInstruction): void;
  /** Marks a node that another one's kernel has computed along. */
  skip(node: Node): void;
  isSkipped(node: Node): boolean;
  isState(value: Value): boolean;
  /** Whether a value is among the graph's outputs. */
  isOutput(value: Value): boolean;
  /** The node that alone reads a value; null where there are several, or the value is an output. */
  onlyReader(value: Value): Node | null;
  /** What forward kernels leave for backward ones, by the value that they computed. */
  readonly left: Map<Value, Leftover>;
}

/** What a forward kernel leaves for the backward one. */
export interface Leftover {
  readonly primitive: Primitive;
  readonly workspace: Operand | null;
  readonly node: Node;
}

/** What lowering gathers. */
export interface Lowered {
  readonly instructions: LinkedInstruction[];
  /** Run once, when the program is made: layouts of constants. */
  readonly setup: LinkedInstruction[];
  readonly copies: ReadonlyMap<Value, readonly Operand[]>;
}

/** Opens the scope of a graph; `states` are the inputs that persist. */
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
