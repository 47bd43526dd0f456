import { setImmediate } from 'node:timers/promises';
import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { byteWidth, elementCount, makeTensor, type Tensor, type TypedArray } from '../../numeric/tensor.ts';
import type { CompileOptions, Program } from '../executor.ts';
import { planMemory } from '../memory-plan.ts';
import { openArena } from './arena.ts';
import { collectFallbacks, compileFallbacks, type FallbackPart } from './compile/fallback.ts';
import { buffersOf, type LoweredGraph, lowerGraph } from './compile/lower-graph.ts';
import type { LinkedInstruction, Memory, Operand } from './compile/operand.ts';
import type { OpenedEngine } from './engine.ts';
import { openStateIo, type StateIo } from './state-io.ts';

/** Options of {@link compileProgram}. */
export interface ProgramOptions extends CompileOptions {
  /** Called after each instruction of a run: what it was, and how long it took. Default: nothing is measured. */
  readonly onInstruction?: (label: string, milliseconds: number) => void;
}

/** Compiles a graph: lowers it, plans its memory, and binds every kernel to its operands. */
export async function compileProgram(
  graph: Graph,
  engine: OpenedEngine,
  options: ProgramOptions,
): Promise<Program> {
  const { dnnl, block } = engine;
  // Kernels divide their work when they are created, and must run with the same number of threads.
  engine.useThreads(options.threads);
  const parts: FallbackPart[] = [];
  const lowered = lowerGraph(graph, dnnl, {
    pairs: options.state ?? [],
    block,
    foreign: collectFallbacks(graph, parts),
  });
  const left = new Set(parts.flatMap(({ graph }) => graph.nodes.map(({ op }) => op)));
  if (left.size > 0) options.onFallback?.([...left]);
  const closeParts = await compileFallbacks(parts, options);
  const memory = layOut(lowered, engine);
  return linkProgram(lowered, memory, { engine, options, closeParts });
}

/** Plans and allocates the arena, and writes constants into it. */
function layOut(lowered: LoweredGraph, engine: OpenedEngine): Memory {
  const { instructions, feeds, results, regions } = lowered;
  const inRegions = regions.flatMap(({ buffers }) => buffers);
  const placed = new Set(inRegions);
  const others = allBuffers(lowered).filter((buffer) => buffer.persistent && !placed.has(buffer));
  const bytes = planMemory(instructions, [...inRegions, ...others], {
    inputs: buffersOf(feeds.values()),
    outputs: buffersOf(results.values()),
  });
  const arena = openArena(engine.koffi, bytes);
  const memory: Memory = {
    address: ({ buffer }) => arena.address + BigInt(buffer.offset),
    view: ({ buffer, dtype, shape, isRaw }) => {
      const length = isRaw ? buffer.bytes : byteWidth(dtype as 'float32') * elementCount(shape);
      return arena.view(dtype, buffer.offset, length);
    },
  };
  for (const [value, [operand]] of lowered.copies) {
    if (value.tensor) (memory.view(operand!) as Float32Array).set(value.tensor.data as Float32Array);
  }
  return memory;
}

function allBuffers({ instructions, setup, copies }: LoweredGraph) {
  const touched = [...instructions, ...setup].flatMap(({ reads, writes }) => [...reads, ...writes]);
  return [...new Set([...touched, ...[...copies.values()].flat().map(({ buffer }) => buffer)])];
}

interface ProgramParts {
  readonly engine: OpenedEngine;
  readonly options: ProgramOptions;
  readonly closeParts: () => Promise<void>;
}

async function linkProgram(
  lowered: LoweredGraph,
  memory: Memory,
  { engine, options, closeParts }: ProgramParts,
): Promise<Program> {
  const { feeds, results, states } = lowered;
  for (const instruction of lowered.setup) await instruction.link(memory)();
  const { onInstruction } = options;
  const steps = lowered.instructions.map((instruction) => {
    const step = instruction.link(memory);
    return onInstruction
      ? timed(step, (milliseconds) => onInstruction(instruction.label, milliseconds))
      : step;
  });
  const run = runnerOf(lowered.instructions, steps);
  let isOpen = true;
  const requireOpen = () => {
    // The native objects have been freed.
    if (!isOpen) throw new EspalierError('usage', 'the program is closed');
  };
  return {
    async run(given) {
      requireOpen();
      engine.useThreads(options.threads);
      for (const [name, operand] of feeds) write(memory, operand, { tensor: given[name], name });
      const pending = run();
      if (pending) await pending;
      // Kernels block the thread. Without a turn of the event loop between runs, signals and timers would not be handled.
      await setImmediate();
      return Object.fromEntries(
        [...results].map(([name, operand]) => [name, tensorOf(operand, memory.view(operand))]),
      );
    },
    ...stateOf(states, openStateIo(engine.dnnl, engine.koffi, memory), requireOpen),
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await closeParts();
      engine.dnnl.close();
    },
  };
}

type Step = () => void | Promise<void>;

function timed(step: Step, tell: (milliseconds: number) => void): Step {
  return () => {
    const start = performance.now();
    const pending = step();
    const finish = () => tell(performance.now() - start);
    return pending instanceof Promise ? pending.then(finish) : finish();
  };
}

function stateOf(
  states: ReadonlyMap<string, Operand>,
  exchange: StateIo,
  requireOpen: () => void,
): Pick<Program, 'readState' | 'writeState'> {
  return {
    readState() {
      const tensors: Record<string, Tensor> = {};
      for (const [name, operand] of states) {
        // Converted only when read, since weights are not row-major.
        const get = () => {
          requireOpen();
          return exchange.read(operand);
        };
        Object.defineProperty(tensors, name, { enumerable: true, get });
      }
      return tensors;
    },
    writeState(given) {
      requireOpen();
      for (const [name, tensor] of Object.entries(given)) {
        const operand = states.get(name);
        if (!operand) throw new EspalierError('usage', `no state is called ${name}`);
        exchange.write(operand, expectFits(tensor, operand, name));
      }
    },
  };
}

/** Runs all steps; returns a promise only if a step runs in another engine. */
function runnerOf(instructions: readonly LinkedInstruction[], steps: readonly Step[]): Step {
  const waits = instructions.some(({ isForeign }) => isForeign);
  if (waits) {
    return async () => {
      for (const step of steps) {
        const pending = step();
        if (pending) await pending;
      }
    };
  }
  return () => {
    for (const step of steps) step();
  };
}

function write(
  memory: Memory,
  operand: Operand,
  { tensor, name }: { tensor: Tensor | undefined; name: string },
): void {
  if (!tensor) throw new EspalierError('usage', `input ${name} was not given`);
  const isSame = tensor.shape.join() === operand.shape.join();
  if (!isSame || tensor.dtype !== operand.dtype) throw misfit(tensor, operand, name);
  (memory.view(operand) as Float32Array).set(tensor.data as Float32Array);
}

function expectFits(tensor: Tensor, { dtype, shape }: Operand, name: string): Tensor {
  if (tensor.dtype === dtype && tensor.data.length === elementCount(shape)) return tensor;
  throw misfit(tensor, { dtype, shape }, name);
}

function misfit(tensor: Tensor, { dtype, shape }: Pick<Operand, 'dtype' | 'shape'>, name: string) {
  const message = `expected ${dtype} [${shape}], got ${tensor.dtype} [${tensor.shape}]`;
  return new EspalierError('shape', message, { where: name });
}

const tensorOf = ({ dtype, shape }: Operand, data: TypedArray): Tensor =>
  makeTensor(dtype as 'float32', shape, data as Float32Array);
