import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { compileOn, graphOf } from './executors.ts';

/** A graph whose state has first values. */
export interface Stateful<State extends string, Feed extends string> {
  readonly state: Readonly<Record<State, Tensor>>;
  readonly feeds?: Readonly<Record<Feed, Tensor>>;
  /** The graph's results, and the next value of every state under `<name>′`. */
  readonly build: (
    g: Builder,
    values: Readonly<Record<State | Feed, Value>>,
  ) => Readonly<Record<string, Value>>;
}

/** Compiles a graph and writes the state's first values. */
export async function started<State extends string, Feed extends string = never>(
  executor: Executor,
  { state, feeds, build }: Stateful<State, Feed>,
) {
  const inputs = { ...state, ...feeds } as Record<State | Feed, Tensor>;
  const graph = graphOf(inputs, build);
  const pairs = Object.keys(state).map((name) => ({ input: name, output: `${name}′` }));
  const program = await compileOn(executor, graph, { state: pairs });
  program.writeState(state);
  return program;
}
