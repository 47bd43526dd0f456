import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { byteWidth, elementCount, makeTensor, type Tensor, type TypedArray } from '../../numeric/tensor.ts';
import type { CompileOptions, Program } from '../executor.ts';
import { openArena } from './arena.ts';
import { collectForeign, compileParts, type ForeignPart } from './compile/foreign.ts';
import { buffersOf, type LoweredGraph, lowerGraph } from './compile/lower-graph.ts';
import { planMemory } from './compile/memory-plan.ts';
import type { LinkedInstruction, Memory, Operand } from './compile/operand.ts';
import type { OpenedEngine } from './engine.ts';
import { openExchange } from './exchange.ts';

/** Compiles a graph: lowers it, plans its memory, binds every kernel to its operands. */
export async function compileProgram(
  graph: Graph,
  engine: OpenedEngine,
  options: CompileOptions,
): Promise<Program> {
  const { dnnl, block } = engine;
  // Kernels divide their work when they are made: they must run with as many threads.
  engine.useThreads(options.threads);
  const parts: ForeignPart[] = [];
  const lowered = lowerGraph(graph, dnnl, {
    pairs: options.state ?? [],
    block,
    foreign: collectForeign(graph, parts),
  });
  const left = new Set(parts.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
  if (left.size > 0) options.onFallback?.([...left]);
  const closeParts = await compileParts(parts, options);
  const memory = layOut(lowered, engine);
  return linkProgram(lowered, memory, { engine, options, closeParts });
}

/** Plans the arena, makes it, and writes the constants. */
function layOut(lowered: LoweredGraph, engine: OpenedEngine): Memory & { readonly bytes: number } {
  const { instructions, feeds, results, regions } = lowered;
  const inRegions = regions.flatMap(({ buffers }) => buffers);
  const others = allBuffers(lowered).filter((buffer) => buffer.persistent && !inRegions.includes(buffer));
  const plan = planMemory(instructions, [...inRegions, ...others], {
    inputs: buffersOf(feeds.values()),
    outputs: buffersOf(results.values()),
  });
  const arena = openArena(engine.koffi, plan.bytes);
  const memory: Memory = {
    address: ({ buffer }) => arena.address + BigInt(buffer.offset),
    view: ({ buffer, dtype, shape, isRaw }) => {
      const bytes = isRaw ? buffer.bytes : byteWidth(dtype as 'float32') * elementCount(shape);
      return arena.view(dtype, buffer.offset, bytes);
    },
  };
  for (const [value, [operand]] of lowered.copies) {
    if (value.tensor) (memory.view(operand!) as Float32Array).set(value.tensor.data as Float32Array);
  }
  return { ...memory, bytes: plan.bytes };
}

function allBuffers({ instructions, setup, copies }: LoweredGraph) {
  const touched = [...instructions, ...setup].flatMap(({ reads, writes }) => [...reads, ...writes]);
  return [...new Set([...touched, ...[...copies.values()].flat().map(({ buffer }) => buffer)])];
}

interface Linking {
  readonly engine: OpenedEngine;
  readonly options: CompileOptions;
  readonly closeParts: () => Promise<void>;
}

async function linkProgram(
  lowered: LoweredGraph,
  memory: Memory,
  { engine, options, closeParts }: Linking,
): Promise<Program> {
  const { feeds, results, states } = lowered;
  for (const instruction of lowered.setup) await instruction.link(memory)();
  const steps = lowered.instructions.map((instruction) => instruction.link(memory));
  const run = runnerOf(lowered.instructions, steps);
  const exchange = openExchange(engine.dnnl, engine.koffi, memory);
  return {
    async run(given) {
      engine.useThreads(options.threads);
      for (const [name, operand] of feeds) write(memory.view(operand), given[name], name);
      const pending = run();
      if (pending) await pending;
      return Object.fromEntries(
        [...results].map(([name, operand]) => [name, tensorOf(operand, memory.view(operand))]),
      );
    },
    readState() {
      const tensors: Record<string, Tensor> = {};
      for (const [name, operand] of states) {
        // Converted only where someone looks: weights are not row-major.
        Object.defineProperty(tensors, name, { enumerable: true, get: () => exchange.read(operand) });
      }
      return tensors;
    },
    writeState(given) {
      for (const [name, tensor] of Object.entries(given)) {
        const operand = states.get(name);
        if (!operand) throw new EspalierError('usage', `no state is called ${name}`);
        exchange.write(operand, checked(tensor, operand, name));
      }
    },
    async close() {
      await closeParts();
      engine.dnnl.close();
    },
  };
}

/** Runs all steps; a promise only where one of them is another engine's. */
function runnerOf(
  instructions: readonly LinkedInstruction[],
  steps: readonly (() => void | Promise<void>)[],
): () => void | Promise<void> {
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

function write(target: TypedArray, tensor: Tensor | undefined, name: string): void {
  if (!tensor) throw new EspalierError('usage', `input ${name} was not given`);
  if (tensor.data.length !== target.length) {
    const message = `expected ${target.length} elements, got ${tensor.dtype} [${tensor.shape}]`;
    throw new EspalierError('shape', message, { where: name });
  }
  (target as Float32Array).set(tensor.data as Float32Array);
}

function checked(tensor: Tensor, { dtype, shape }: Operand, name: string): Tensor {
  if (tensor.dtype === dtype && tensor.data.length === elementCount(shape)) return tensor;
  const message = `expected ${dtype} [${shape}], got ${tensor.dtype} [${tensor.shape}]`;
  throw new EspalierError('shape', message, { where: name });
}

const tensorOf = ({ dtype, shape }: Operand, data: TypedArray): Tensor =>
  makeTensor(dtype as 'float32', shape, data as Float32Array);
