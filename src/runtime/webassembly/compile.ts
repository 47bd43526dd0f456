import { type Graph, staticShape } from '../../graph/graph.ts';
import { expectWithin } from '../../numeric/budget.ts';
import { type Buffer, planMemory } from '../memory-plan.ts';
import { clearBorders, initialBorders } from './borders.ts';
import { type Emitter, openEmitter } from './emitter.ts';
import type { Code } from './encoder/code.ts';
import { type ModuleWriter, openModule } from './encoder/module.ts';
import { type Lowered, lowerGraph } from './lower.ts';
import type { CompiledStep, LoweringOptions, Scope, UnitRange } from './scope.ts';
import { defineBarrier, partOf } from './threads.ts';

/** An input or output in the memory of a module: float32, row-major. */
export interface CompiledValue {
  readonly name: string;
  readonly shape: readonly number[];
  /** In bytes, from the start of memory. */
  readonly offset: number;
}

/**
 * A network as WebAssembly. The module exports `memory`; `run()`, which computes the outputs from the inputs; and `step(i)`,
 * which runs step i alone. The caller copies the weights into memory before the first run.
 */
export interface CompiledNetwork {
  /** `relaxed` uses the fused multiply-add of relaxed SIMD, `baseline` only SIMD. */
  readonly modules: { readonly relaxed: Uint8Array; readonly baseline: Uint8Array };
  /** The weights, and the offset at which they belong in memory, in bytes. */
  readonly weights: Float32Array;
  readonly weightsOffset: number;
  readonly memoryBytes: number;
  readonly inputs: readonly CompiledValue[];
  readonly outputs: readonly CompiledValue[];
  readonly steps: readonly CompiledStep[];
  /** Modules for several threads; null if the network was compiled for one thread. */
  readonly threaded: ThreadedModules | null;
}

/**
 * Modules for several threads. Their memory is shared, and imported as `env.memory`. In each run, thread t calls the export
 * `part{t}(base, maySleep)`, where base is the number of barriers passed so far times the number of threads, modulo 2³².
 */
export interface ThreadedModules {
  readonly threads: number;
  readonly modules: CompiledNetwork['modules'];
  /** Barriers in each run. */
  readonly barriers: number;
  /** Offset of a word that the caller can use to start the other threads, in bytes. */
  readonly ticketOffset: number;
  readonly pages: number;
}

export interface CompileNetworkOptions extends LoweringOptions {
  /** Threads that share a run; default 1. */
  readonly threads?: number;
}

const PAGE = 65536;
/** Addresses have 32 bits; some room is left for tables and slack. */
const LARGEST_MEMORY = 2 ** 32 - 2 ** 24;
/** Bytes that vector loads may read beyond the last buffer. */
const SLACK = 256;
/** Bytes of a cache line: counters have a line of their own, so that threads do not compete for it. */
const LINE = 64;

/** Compiles a graph with fixed shapes and folded constants. Throws `unsupported`, naming every node without a kernel. */
export function compileNetwork(graph: Graph, options: CompileNetworkOptions = {}): CompiledNetwork {
  const weights = { label: 'weights', bytes: 0, persistent: true, offset: -1 };
  const lowered = lowerGraph(graph, weights, options);
  const { steps } = lowered.scope;
  const ends = {
    inputs: lowered.inputs.map(({ buffer }) => buffer),
    outputs: lowered.outputs.map(({ buffer }) => buffer).filter((buffer) => buffer !== weights),
  };
  // Inputs keep their contents from run to run.
  const kept: Buffer[] = [...new Set([weights, ...ends.inputs])];
  for (const buffer of kept) buffer.persistent = true;
  const instructions = steps.map(({ name: label, reads, writes }) => ({ label, reads, writes }));
  const arena = planMemory(instructions, kept, ends);
  expectWithin({ bytes: arena, where: graph.name, what: 'a run' }, LARGEST_MEMORY);
  const places = { counter: arena + SLACK, ticket: arena + SLACK + LINE, tables: arena + SLACK + 2 * LINE };
  const write = (fused: boolean, threads: number) => writeModule(lowered, { fused, threads, places });
  const [relaxed, baseline] = [write(true, 1), write(false, 1)];
  const { threads = 1 } = options;
  const threadedModules = (): ThreadedModules => {
    const [both, plain] = [write(true, threads), write(false, threads)];
    const { barriers, memoryBytes } = both;
    const pages = Math.ceil(memoryBytes / PAGE);
    const modules = { relaxed: both.bytes, baseline: plain.bytes };
    return { threads, modules, barriers, ticketOffset: places.ticket, pages };
  };
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
    threaded: threads > 1 ? threadedModules() : null,
  };
}

interface ModuleSettings {
  readonly fused: boolean;
  readonly threads: number;
  /** In bytes. */
  readonly places: { readonly counter: number; readonly tables: number };
}

interface WrittenModule {
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
  readonly barriers: number;
}

function writeModule({ scope }: Lowered, { fused, threads, places }: ModuleSettings): WrittenModule {
  const module = openModule({ fused });
  const emitter = openEmitter(module, places.tables);
  const barriers =
    threads > 1 ? exportParts(module, { scope, emitter, threads, counter: places.counter }) : 0;
  exportSteps(module, scope, emitter);
  const tables = emitter.tables();
  const memoryBytes = places.tables + tables.length + SLACK;
  const memory = { pages: Math.ceil(memoryBytes / PAGE), isShared: threads > 1 };
  return { bytes: module.finish(memory, [{ offset: places.tables, bytes: tables }]), memoryBytes, barriers };
}

/** Exports `run()` and `step(i)`. */
function exportSteps(module: ModuleWriter, scope: Scope, emitter: Emitter): void {
  const dirty = initialBorders(scope);
  const functions = scope.steps.map((step) =>
    module.define({ parameters: [] }, (code) => {
      clearBorders(code, emitter, { step, dirty });
      step.emit(code, emitter, { from: 0, to: step.units ?? 1 });
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
}

interface PartSettings {
  readonly scope: Scope;
  readonly emitter: Emitter;
  readonly threads: number;
  readonly counter: number;
}

/** Exports `part{t}` for each thread. Returns the number of barriers in a run. */
function exportParts(module: ModuleWriter, { scope, emitter, threads, counter }: PartSettings): number {
  const phases = phasesOf(scope, emitter);
  const barrier = defineBarrier(module, counter);
  let barriers = 0;
  for (let thread = 0; thread < threads; thread++) {
    barriers = 0;
    const part = module.define({ parameters: ['i32', 'i32'] }, (code, [base, maySleep]) => {
      phases.forEach((phase, i) => {
        const units = partOf(phase, thread, threads);
        if (units.from < units.to) phase.emit(code, units);
        // No barrier is needed between two consecutive phases that only the first thread computes.
        if (phase.units === 1 && phases[i + 1]?.units === 1) return;
        barriers += 1;
        code.get(base);
        code.i32(barriers * threads);
        code.op('i32.add');
        code.get(maySleep);
        code.call(barrier.index);
      });
    });
    module.export(`part${thread}`, part);
  }
  return barriers;
}

interface Phase {
  readonly units: number;
  emit(code: Code, units: UnitRange): void;
}

function phasesOf(scope: Scope, emitter: Emitter): Phase[] {
  const dirty = initialBorders(scope);
  return scope.steps.flatMap((step): Phase[] => {
    const isDirty = step.writes.some((buffer) => dirty.has(buffer));
    const clearing: Phase = { units: 1, emit: (code) => clearBorders(code, emitter, { step, dirty }) };
    const computing: Phase = {
      units: step.units ?? 1,
      emit: (code, units) => step.emit(code, emitter, units),
    };
    return [...(isDirty ? [clearing] : []), computing];
  });
}
