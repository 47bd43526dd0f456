import type { Node, Value } from '../../graph/graph.ts';
import type { Emitter } from './emitter.ts';
import type { Code, Local } from './encoder/code.ts';
import type { FusedOperand, Fusion } from './fusions.ts';
import { writePointwise } from './pointwise.ts';

/** The per-channel constants of a fusion, in the order in which its code reads them. */
export const channelConstants = ({ epilogue }: Fusion): readonly Float32Array[] =>
  epilogue.flatMap(({ operands }) =>
    operands.flatMap((operand) => (operand?.kind === 'channel' ? [operand.data] : [])),
  );

/** A key of an epilogue: equal keys have equal code. */
export function epilogueKey({ epilogue, sum }: Fusion): string {
  const names = new Map<Value, number>([[sum, 0]]);
  return epilogue
    .map(({ node, operands, output }) => {
      const key = operands.map((operand) => operandKey(operand, names)).join();
      names.set(output, names.size);
      return `${node.op}(${key})${attributesKey(node)}`;
    })
    .join(' ');
}

/** The attributes of a node as text, including 64-bit integers. */
export const attributesKey = ({ attributes }: Node): string =>
  JSON.stringify(attributes, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));

function operandKey(operand: FusedOperand, names: ReadonlyMap<Value, number>): string {
  if (!operand) return '-';
  if (operand.kind === 'value') return `#${names.get(operand.value)}`;
  return operand.kind === 'scalar' ? String(operand.number) : 'channel';
}

/** Pushes constant number `index` of {@link channelConstants} for the current channel or channels. */
export type PushConstant = (index: number) => void;

/** Applies an epilogue to a vector in place. */
export function writeEpilogue(
  code: Code,
  emitter: Emitter,
  {
    fusion,
    vector,
    pushConstant,
  }: {
    readonly fusion: Fusion;
    readonly vector: Local<'v128'>;
    readonly pushConstant: PushConstant;
  },
): void {
  const { epilogue, sum } = fusion;
  const locals = new Map<Value, Local<'v128'>>([[sum, vector]]);
  let constant = 0;
  const operandLocal = (operand: FusedOperand): Local<'v128'> | null => {
    if (!operand) return null;
    const known = operand.kind === 'value' ? locals.get(operand.value) : undefined;
    if (known) return known;
    const made = code.local('v128');
    if (operand.kind === 'scalar') code.f32x4(operand.number);
    else pushConstant(constant++);
    code.set(made);
    return made;
  };
  epilogue.forEach(({ node, operands, output }, i) => {
    const given = operands.map(operandLocal);
    writePointwise({ code, emitter, node, operands: given });
    const result = i === epilogue.length - 1 ? vector : code.local('v128');
    code.set(result);
    locals.set(output, result);
  });
}
