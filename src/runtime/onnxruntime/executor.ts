import { EspalierError } from '../../errors.ts';
import { type Graph, nodeLabel, staticShape, type Value } from '../../graph/graph.ts';
import { expectMemory } from '../../graph/peak-memory.ts';
import { memoryBudget } from '../../numeric/budget.ts';
import { allocate, bytesFor, type DataType, makeTensor, type Tensor } from '../../numeric/tensor.ts';
import type { CompileOptions, Executor, Program, StatePair } from '../executor.ts';
import { resolveStates } from '../state-pairs.ts';
import type { Session } from './held-session.ts';

/** A JavaScript binding of onnxruntime. */
interface Binding {
  readonly name: string;
  /** Whether the binding writes results into tensors that are passed to a run. */
  readonly fillsTensors: boolean;
  open(graph: Graph, options: CompileOptions): Promise<Session>;
}

/** An executor on a binding of onnxruntime. It runs only ONNX's own operators. */
export const executorOn = (binding: Binding): Executor => ({
  name: binding.name,
  trainingOperators: false,
  async compile(graph, options = {}) {
    refuseEmptyConvolutions(graph);
    refuseCutNames(graph);
    const pairs = options.state ?? [];
    const isBounded = pairs.length === 0 && !options.unbounded;
    if (isBounded) expectMemory(graph);
    const session = await binding.open(graph, options);
    const made = program(graph, { session, pairs, fillsTensors: binding.fillsTensors });
    return isBounded ? bounded(graph, made) : made;
  },
});

/** Rejects convolutions without filters, on which onnxruntime kills the process with a floating-point exception. */
function refuseEmptyConvolutions(graph: Graph): void {
  for (const node of graph.nodes) {
    if (!node.op.includes('Conv')) continue;
    const weight = node.inputs.find((value) => value?.shape?.includes(0));
    if (weight) {
      const message = `expected at least one filter and channel, found ${weight.name} of shape [${weight.shape}]`;
      throw new EspalierError('unsupported', message, { where: nodeLabel(node) });
    }
  }
}

/** Rejects names with NUL characters: onnxruntime's bindings cut a name at the first one, and would not find its value. */
function refuseCutNames(graph: Graph): void {
  const cut = [...graph.inputs, ...graph.outputs].find(({ name }) => name.includes('\0'));
  if (cut)
    throw new EspalierError('unsupported', 'expected a name without NUL characters', { where: cut.name });
}

/** A program that rejects feeds whose sizes would need more memory than the budget; checked once per set of shapes. */
function bounded(graph: Graph, made: Program): Program {
  const isOpen = graph.inputs.some(({ shape }) => !shape?.every((dim) => typeof dim === 'number'));
  if (!isOpen) return made;
  const fitting = new Set<string>();
  return {
    ...made,
    run(feeds) {
      const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
      const key = JSON.stringify(shapes);
      if (!fitting.has(key)) expectMemory(graph, shapes);
      fitting.add(key);
      return made.run(feeds);
    },
  };
}

interface LoadedSession extends Pick<Binding, 'fillsTensors'> {
  readonly session: Session;
  readonly pairs: readonly StatePair[];
}

function program(graph: Graph, { session, pairs, fillsTensors }: LoadedSession): Program {
  const states = resolveStates(graph, pairs).map((pair) => stateBuffers(pair, session));
  const byInput = new Map(states.map((state) => [state.input, state]));
  const stateOutputs = new Set(pairs.map((pair) => pair.output));
  const results = graph.outputs.filter((value) => !stateOutputs.has(value.name));
  const preallocated = fillsTensors ? results.filter(isPreallocated) : [];
  const fixed = new Map(preallocated.map((value) => [value.name, session.tensor(emptyTensor(value))]));
  let phase: 0 | 1 = 0;

  return {
    async run(feeds) {
      const given: Record<string, unknown> = {};
      for (const [name, tensor] of Object.entries(feeds)) given[name] = session.tensor(tensor);
      const wanted: Record<string, unknown> = {};
      for (const value of results) wanted[value.name] = fixed.get(value.name) ?? null;
      const next = phase === 0 ? 1 : 0;
      for (const state of states) {
        given[state.input] = state.native[phase];
        wanted[state.output] = fillsTensors ? state.native[next] : null;
      }
      const computed = await session.run(given, wanted);
      for (const { output, tensors } of fillsTensors ? [] : states)
        copyInto(tensors[next], session.read(computed[output]), output);
      phase = next;
      return Object.fromEntries(results.map((value) => [value.name, session.read(computed[value.name])]));
    },
    readState: () => Object.fromEntries(states.map((state) => [state.input, state.tensors[phase]])),
    writeState(given) {
      for (const [name, tensor] of Object.entries(given)) {
        const state = byInput.get(name);
        if (!state) throw new EspalierError('usage', `no state is called ${name}`);
        copyInto(state.tensors[phase], tensor, name);
      }
    },
    close: () => session.close(),
  };
}

interface StateBuffers {
  readonly input: string;
  readonly output: string;
  readonly tensors: readonly [Tensor, Tensor];
  readonly native: readonly [unknown, unknown];
}

function stateBuffers(
  { value, next }: { readonly value: Value; readonly next: Value },
  session: Session,
): StateBuffers {
  const tensors = [emptyTensor(value), emptyTensor(value)] as const;
  const native = [session.tensor(tensors[0]), session.tensor(tensors[1])] as const;
  return { input: value.name, output: next.name, tensors, native };
}

/** Whether a result is written into the same buffer in each run; not if the file declares a size larger than memory. */
function isPreallocated({ dtype, shape }: Value): boolean {
  if (dtype === null || dtype === 'string') return false;
  if (!shape?.every((dim) => typeof dim === 'number')) return false;
  return bytesFor(dtype, shape as number[]) <= memoryBudget(0);
}

function emptyTensor(value: Value): Tensor {
  const dtype = value.dtype as Exclude<DataType, 'string'>;
  const shape = staticShape(value);
  return makeTensor(dtype, shape, allocate(dtype, shape));
}

function copyInto(target: Tensor, source: Tensor, name: string): void {
  if (source.dtype !== target.dtype || source.data.length !== target.data.length) {
    const message = `expected ${target.dtype} [${target.shape}], got ${source.dtype} [${source.shape}]`;
    throw new EspalierError('shape', message, { where: name });
  }
  (target.data as Float32Array).set(source.data as Float32Array);
}
