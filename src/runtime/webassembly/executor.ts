import { EspalierError } from '../../errors.ts';
import { cloneGraph } from '../../graph/clone.ts';
import type { Graph } from '../../graph/graph.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { floats, type Tensor } from '../../numeric/tensor.ts';
import type { Executor, Program, Tensors } from '../executor.ts';
import { compileNetwork } from './compile.ts';
import { instantiate } from './instantiate.ts';

/**
 * Runs networks in WebAssembly kernels that are generated for them: inference in float32 on one thread, with constant
 * weights. `compile` throws `unsupported` and names every node without a kernel. A graph with open shapes is compiled at the
 * first run of each set of input shapes.
 *
 * @example
 * const { top1 } = await evaluate(network, data.test, { executor: webassembly, batch: 1 });
 */
export const webassembly: Executor = {
  name: 'webassembly',
  trainingOperators: false,
  inferenceOnly: true,
  async compile(graph, { state = [] } = {}) {
    const [kept] = state;
    if (kept)
      throw new EspalierError('unsupported', 'the executor webassembly keeps no state: train with another', {
        where: kept.input,
      });
    return program(graph);
  },
};

type Run = (feeds: Tensors) => Record<string, Tensor>;

async function program(graph: Graph): Promise<Program> {
  const isFixed = graph.inputs.every(({ shape }) => shape?.every((dim) => typeof dim === 'number'));
  const runs = new Map<string, Promise<Run>>();
  const runFor = (shapes: Shapes): Promise<Run> => {
    const key = JSON.stringify(shapes);
    const known = runs.get(key) ?? opened(graph, shapes);
    runs.set(key, known);
    return known;
  };
  let isClosed = false;
  if (isFixed) await runFor(graph.inputs.map(({ shape }) => shape as number[]));
  return {
    async run(feeds) {
      if (isClosed) throw new EspalierError('usage', 'the program is closed');
      const run = await runFor(shapesOf(graph, feeds));
      await new Promise((resolve) => setImmediate(resolve));
      return run(feeds);
    },
    readState: () => ({}),
    writeState(given) {
      const [name] = Object.keys(given);
      if (name !== undefined) throw new EspalierError('usage', `no state is called ${name}`);
    },
    async close() {
      isClosed = true;
      runs.clear();
    },
  };
}

/** The shape of each input. */
type Shapes = readonly (readonly number[])[];

/** The shapes of the feeds. Throws `shape` if they do not match the inputs. */
function shapesOf({ inputs }: Graph, feeds: Tensors): Shapes {
  const unknown = Object.keys(feeds).find((name) => inputs.every((input) => input.name !== name));
  if (unknown !== undefined) throw new EspalierError('usage', `no input is called ${unknown}`);
  return inputs.map(({ name, shape }) => {
    const feed = feeds[name];
    if (!feed) throw new EspalierError('usage', 'expected a feed, found none', { where: name });
    const isAsDeclared =
      !shape ||
      (shape.length === feed.shape.length &&
        shape.every((dim, axis) => typeof dim !== 'number' || dim === feed.shape[axis]));
    if (feed.dtype !== 'float32' || !isAsDeclared)
      throw new EspalierError(
        'shape',
        `expected float32 [${shape?.join() ?? ''}], got ${feed.dtype} [${feed.shape}]`,
        { where: name },
      );
    return feed.shape;
  });
}

/** Compiles and loads the module for a graph whose inputs have the given shapes. */
async function opened(graph: Graph, shapes: Shapes): Promise<Run> {
  const bound = cloneGraph(graph);
  bound.inputs.forEach((input, i) => {
    input.shape = shapes[i] ?? null;
  });
  inferShapes(bound);
  const network = compileNetwork(bound);
  const { inputs, outputs, run } = await instantiate(network);
  return (feeds) => {
    for (const [name, { data }] of Object.entries(feeds)) inputs[name]?.set(data as Float32Array);
    run();
    return Object.fromEntries(
      network.outputs.map(({ name, shape }) => [name, floats(shape, outputs[name] ?? [])]),
    );
  };
}
