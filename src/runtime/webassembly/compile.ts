import { type Graph, staticShape } from '../../graph/graph.ts';
import { type Buffer, planMemory } from '../memory-plan.ts';
import { clearBorders, initialBorders } from './borders.ts';
import { openEmitter } from './emitter.ts';
import type { Code } from './encoder/code.ts';
import { openModule } from './encoder/module.ts';
import { type Lowered, lowerGraph } from './lower.ts';
import type { LoweringOptions, Step } from './scope.ts';

/** An input or output in the memory of a module: float32, row-major. */
export interface CompiledValue {
  readonly name: string;
  readonly shape: readonly number[];
  /** In bytes. */
  readonly offset: number;
}

/** A layer of a compiled network. */
export type CompiledStep = Pick<Step, 'name' | 'op' | 'kernel' | 'macs'>;

/**
 * A network as WebAssembly. The module exports `memory`, `run()`, which computes the outputs from the inputs, and
 * `step(i)`, which runs step i alone. Weights must be written to memory before the first run.
 */
export interface CompiledNetwork {
  /** With relaxed SIMD's multiply-add, and with SIMD alone. */
  readonly modules: { readonly relaxed: Uint8Array; readonly baseline: Uint8Array };
  /** The weights, and where they stand in memory, in bytes. */
  readonly weights: Float32Array;
  readonly weightsOffset: number;
  readonly memoryBytes: number;
  readonly inputs: readonly CompiledValue[];
  readonly outputs: readonly CompiledValue[];
  readonly steps: readonly CompiledStep[];
}

const PAGE = 65536;
/** What vectors may read beyond the last buffer. */
const SLACK = 256;

/**
 * Compiles a graph of fixed shapes and folded constants. Throws `unsupported`, naming every node that has no kernel.
 *
 * @example
 * const { modules, weights } = compileNetwork(graph);
 */
export function compileNetwork(graph: Graph, options: LoweringOptions = {}): CompiledNetwork {
  const weights = { label: 'weights', bytes: 0, persistent: true, offset: -1 };
  const lowered = lowerGraph(graph, weights, options);
  const { steps } = lowered.scope;
  const ends = {
    inputs: lowered.inputs.map(({ buffer }) => buffer),
    outputs: lowered.outputs.map(({ buffer }) => buffer).filter((buffer) => buffer !== weights),
  };
  // Inputs stay what the caller wrote, from run to run.
  const kept: Buffer[] = [...new Set([weights, ...ends.inputs])];
  for (const buffer of kept) buffer.persistent = true;
  const instructions = steps.map(({ name: label, reads, writes }) => ({ label, reads, writes }));
  const arena = planMemory(instructions, kept, ends);
  const tablesOffset = arena + SLACK;
  const relaxed = writeModule(lowered, { fused: true, tablesOffset });
  const baseline = writeModule(lowered, { fused: false, tablesOffset });
  const place = ({ value, buffer, start = 0 }: Lowered['outputs'][number]) => ({
    name: value.name,
    shape: staticShape(value),
    offset: buffer.offset + start,
  });
  return {
    modules: { relaxed: relaxed.bytes, baseline: baseline.bytes },
    weights: lowered.scope.weightData(),
    weightsOffset: weights.offset,
    memoryBytes: relaxed.memoryBytes,
    inputs: lowered.inputs.map((input) => place({ ...input, start: 0 })),
    outputs: lowered.outputs.map(place),
    steps: steps.map(({ name, op, kernel, macs }) => ({ name, op, kernel, macs })),
  };
}

function writeModule(
  { scope }: Lowered,
  { fused, tablesOffset }: { readonly fused: boolean; readonly tablesOffset: number },
): { readonly bytes: Uint8Array; readonly memoryBytes: number } {
  const module = openModule({ fused });
  const emitter = openEmitter(module, tablesOffset);
  const dirty = initialBorders(scope);
  const functions = scope.steps.map((step) =>
    module.define({ parameters: [] }, (code: Code) => {
      clearBorders(code, emitter, { step, dirty });
      step.emit(code, emitter);
    }),
  );
  const step = module.define({ parameters: ['i32'] }, (code, [index]) => {
    code.get(index);
    code.choose(
      functions.map(
        ({ index: callee }) =>
          () =>
            code.call(callee),
      ),
    );
  });
  const run = module.define({ parameters: [] }, (code) => {
    for (const { index } of functions) code.call(index);
  });
  module.export('run', run);
  module.export('step', step);
  const tables = emitter.tables();
  const memoryBytes = tablesOffset + tables.length + SLACK;
  const bytes = module.finish(Math.ceil(memoryBytes / PAGE), [{ offset: tablesOffset, bytes: tables }]);
  return { bytes, memoryBytes };
}
