import { assert } from '../../../errors.ts';
import type { Graph, Node, Value } from '../../../graph/graph.ts';
import { zip } from '../../../numeric/zip.ts';
import type { CompileOptions, Program } from '../../executor.ts';
import type { Fallback } from './lower-graph.ts';
import type { Memory, Operand } from './operand.ts';
import type { LoweringScope } from './scope.ts';

/** Nodes without oneDNN kernels, which run in onnxruntime inside the program. */
export interface FallbackPart {
  readonly graph: Graph;
  program: Program | null;
}

/** Collects consecutive nodes without kernels; each sequence becomes one onnxruntime graph. */
export function collectFallbacks(graph: Graph, parts: FallbackPart[]): Fallback {
  return (scope, nodes) => {
    const part: FallbackPart = { graph: partOf(graph, scope, nodes), program: null };
    // onnxruntime loads no graph without outputs.
    if (part.graph.outputs.length === 0) return;
    parts.push(part);
    const reads = part.graph.inputs.map((value) => scope.readPlain(value));
    const writes = part.graph.outputs.map((value) => scope.write(value));
    scope.emit({
      label: `onnxruntime: ${[...new Set(nodes.map(({ op }) => op))].join(', ')}`,
      isForeign: true,
      reads: reads.map(({ buffer }) => buffer),
      writes: writes.map(({ buffer }) => buffer),
      link: (memory) => () => runPart(part, memory, { reads, writes }),
    });
  };
}

async function runPart(
  { graph, program }: FallbackPart,
  memory: Memory,
  { reads, writes }: { reads: readonly Operand[]; writes: readonly Operand[] },
): Promise<void> {
  assert(program, `${graph.name} is compiled before it runs`);
  const feeds = zip(graph.inputs, reads).map(([{ name }, operand]) => {
    const { dtype, shape } = operand;
    return [name, { dtype, shape, data: memory.view(operand) }] as const;
  });
  const results = await program.run(Object.fromEntries(feeds));
  for (const [{ name }, operand] of zip(graph.outputs, writes)) {
    (memory.view(operand) as Float32Array).set(results[name]?.data as Float32Array);
  }
}

/** The nodes as a graph, whose inputs are computed outside and whose outputs are read outside. */
function partOf(graph: Graph, scope: LoweringScope, nodes: readonly Node[]): Graph {
  const inside = new Set(nodes);
  const computed = new Set(nodes.flatMap(({ outputs }) => outputs));
  const read = [...new Set(nodes.flatMap(({ inputs }) => inputs))].filter(
    (value): value is Value => value !== null,
  );
  const outer = read.filter((value) => !computed.has(value));
  const leaves = [...computed].filter(
    (value): value is Value =>
      value !== null &&
      (scope.connections.uses.get(value) ?? []).some(({ node }) => !node || !inside.has(node)),
  );
  return {
    ...graph,
    name: `${graph.name} (part)`,
    nodes: [...nodes],
    inputs: outer.filter(({ tensor }) => !tensor),
    initializers: outer.filter(({ tensor }) => tensor),
    outputs: leaves,
  };
}

/** Compiles the parts with another executor. Returns a function that closes them. */
export async function compileFallbacks(
  parts: readonly FallbackPart[],
  options: CompileOptions,
): Promise<() => Promise<void>> {
  if (parts.length === 0) return async () => {};
  const { onnxruntime } = await import('../../onnxruntime/index.ts');
  const { threads } = options;
  const given = { unbounded: true, ...(threads ? { threads } : {}) };
  for (const part of parts) part.program = await onnxruntime.compile(part.graph, given);
  return async () => {
    for (const { program } of parts) await program?.close();
  };
}
