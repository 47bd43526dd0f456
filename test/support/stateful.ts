import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import type { Executor, Tensors } from '../../src/runtime/executor.ts';
import { compileOn, graphOf } from './executors.ts';

type Values = Readonly<Record<string, Value>>;

/** A graph whose state has first values. */
export interface Stateful {
  readonly state: Tensors;
  readonly feeds?: Tensors;
  /** The graph's results, and the next value of every state under `<name>′`. */
  readonly build: (g: Builder, values: Values) => Values;
}

/** Compiles a graph and writes the state's first values. */
export async function started(executor: Executor, { state, feeds = {}, build }: Stateful) {
  const graph = graphOf({ ...state, ...feeds }, build);
  const pairs = Object.keys(state).map((name) => ({ input: name, output: `${name}′` }));
  const program = await compileOn(executor, graph, { state: pairs });
  program.writeState(state);
  return program;
}
