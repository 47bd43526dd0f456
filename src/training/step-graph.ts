import { gradients } from '../autodiff/index.ts';
import { assert } from '../errors.ts';
import { type Builder, builderOf } from '../graph/builder.ts';
import { copyGraph } from '../graph/clone.ts';
import { type Graph, type Node, nodeLabel, type Value } from '../graph/graph.ts';
import { mainInput } from '../graph/inputs/image-input.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { StatePair } from '../runtime/executor.ts';
import { appendAverages } from './averages.ts';
import { appendForward } from './forward.ts';
import type { OptimizerSettings } from './optimizers.ts';
import { type Parameter, trainableParameters } from './parameters.ts';
import type { LossScope, TrainingTask } from './tasks/task.ts';
import { appendUpdates } from './updates.ts';

/** An extension of the training step: it can replace a parameter by a function of it, and add state of its own. */
export interface StepExtension {
  /** The value that replaces the parameter in the network; null keeps the parameter. */
  reparametrize?(scope: StepScope, parameter: Parameter): Value | null;
  /** The value that a node of the network reads in place of one of its inputs; null leaves it alone. */
  reads?(scope: StepScope, reading: Reading): Value | null;
  /** Appends updates of the extension's state, given the gradients that it requested. */
  update?(scope: StepScope, gradientOf: (value: Value) => Value): void;
  /** The gradient of a penalty on a parameter, which is added to that of the loss; null adds none. */
  penalize?(scope: StepScope, parameter: Parameter): Value | null;
  /** Replaces the updated value of a parameter before it is stored. */
  adjust?(scope: StepScope, parameter: Parameter, next: Value): Value;
  /** Whether a parameter is left unchanged. */
  freezes?(parameter: Parameter): boolean;
}

/** An input of a node of the network, and the value that stands there while training. */
export interface Reading {
  readonly node: Node;
  readonly index: number;
  readonly value: Value;
}

/** The step graph under construction, for extensions. */
export interface StepScope {
  readonly g: Builder;
  /** The network in training, with its inference nodes; they read {@link Parameter.value}. */
  readonly model: Graph;
  /** A float32 input that is set at each step. */
  scalar(name: string): Value;
  /** An input with state: each step replaces its value. */
  state(name: string, initial: Tensor): Value;
  setNext(value: Value, next: Value): void;
  /** Requests ∂loss/∂value. */
  wantGradient(value: Value): void;
}

export interface StepGraphOptions extends OptimizerSettings {
  readonly task: TrainingTask;
  /** Keeps moving averages of parameters and running statistics with this decay. Default: none. */
  readonly ema?: number | undefined;
  readonly extensions?: readonly StepExtension[];
}

/**
 * A training step as a graph: (images, inputs of the task, scalars, state) → (loss, metrics, next state). It contains
 * training operators; `initial` is the state before the first step.
 */
export interface StepGraph {
  readonly graph: Graph;
  readonly state: readonly StatePair[];
  readonly initial: Readonly<Record<string, Tensor>>;
  /** The input name of each scalar. It can differ, since the network may use the name. */
  readonly scalars: ReadonlyMap<string, string>;
  readonly dropout: readonly {
    readonly name: string;
    readonly ratio: number;
    readonly shape: readonly number[];
  }[];
  readonly images: string;
  /** The input name of each input that the task declared. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly loss: string;
  /** Outputs of the network's nodes, the parts of the loss and the loss, in order, each with a name for messages. */
  readonly watched: readonly { readonly name: string; readonly value: Value }[];
  /** The output name of each metric. */
  readonly metrics: ReadonlyMap<string, string>;
}

/** Builds the training step of a network with fixed shapes: forward, loss, gradients, optimiser. */
export function buildStepGraph(model: Graph, options: StepGraphOptions): StepGraph {
  const { graph } = copyGraph(model);
  const { task } = options;
  const outputs = task.reads(graph);
  const parameters = trainableParameters(graph, { outputs });
  const { nodes } = graph;
  const images = mainInput(graph)!;
  const parts = openScope(graph, { ...graph });
  const { scope } = parts;
  const { g } = scope;
  graph.nodes = [];

  const trained = parameters.filter((p) => !options.extensions?.some((extension) => extension.freezes?.(p)));
  for (const { value } of trained) parts.asState(value);
  const current = new Map<Value, Value>();
  for (const parameter of parameters) {
    for (const extension of options.extensions ?? []) {
      const effective = extension.reparametrize?.(scope, parameter);
      if (effective) current.set(parameter.value, effective);
    }
  }
  const reads = (node: Node, index: number, given: Value): Value =>
    (options.extensions ?? []).reduce(
      (value, extension) => extension.reads?.(scope, { node, index, value }) ?? value,
      given,
    );
  appendForward(nodes, { ...parts, reads }, current);
  graph.outputs = [];
  const layers = nodes.flatMap((node) => {
    const value = node.outputs[0] && (current.get(node.outputs[0]) ?? node.outputs[0]);
    return value ? [{ name: `the output of ${nodeLabel(node)}`, value }] : [];
  });
  const values = outputs.map((value) => current.get(value) ?? value);
  const { loss, lossParts, ...named } = appendLoss(g, task, { network: model, images, values });

  const wanted = [...trained.map(({ value }) => value), ...parts.wanted];
  const computed = new Map(gradients(g, loss, wanted).map((gradient, i) => [wanted[i], gradient]));
  const gradientOf = (value: Value): Value => {
    const gradient = computed.get(value);
    assert(gradient, `no gradient was asked of ${value.name}`);
    return gradient;
  };
  appendUpdates(scope, { parameters: trained, gradientOf, options });
  for (const extension of options.extensions ?? []) extension.update?.(scope, gradientOf);
  if (options.ema !== undefined) appendAverages(scope, parts.modelStates(), options.ema);
  const finished = parts.finish(images);
  const living = new Set(graph.nodes.flatMap((node) => node.outputs));
  const watched = [...layers, ...lossParts, { name: 'the loss', value: loss }];
  return {
    ...{ ...finished, ...named, loss: loss.name },
    watched: watched.filter(({ value }) => living.has(value)),
  };
}

function appendLoss(
  g: Builder,
  task: TrainingTask,
  network: Pick<LossScope, 'network' | 'images' | 'values'>,
) {
  const inputs = new Map<string, Value>();
  const input: LossScope['input'] = (name, dtype, shape) => {
    const value = g.input(name, dtype, shape);
    inputs.set(name, value);
    return value;
  };
  const { loss, parts = {}, metrics = {} } = task.loss({ g, ...network, input });
  g.output(loss, 'loss');
  const measured = Object.entries(metrics).map(([name, value]) => [name, g.output(value, name)] as const);
  const lossParts = Object.entries(parts).map(([name, value]) => ({ name: `the loss of ${name}`, value }));
  return { loss, lossParts, inputs: namesOf(inputs), metrics: namesOf(new Map(measured)) };
}

/** Opens the scope for extensions; it collects their inputs and updates. */
function openScope(graph: Graph, model: Graph) {
  const g = builderOf(graph);
  const nextOf = new Map<Value, Value>();
  const initial: Record<string, Tensor> = {};
  const scalars = new Map<string, Value>();
  const dropout: { name: string; ratio: number; shape: readonly number[] }[] = [];
  const wanted: Value[] = [];
  const moved = new Map<Value, Tensor>();
  const setNext = (value: Value, next: Value) => void nextOf.set(value, next);
  const asState = (value: Value) => {
    // A second request for a state continues with the value after the first.
    if (initial[value.name]) return nextOf.get(value) ?? value;
    moved.set(value, value.tensor!);
    initial[value.name] = value.tensor!;
    value.tensor = null;
    graph.initializers = graph.initializers.filter((other) => other !== value);
    graph.inputs.push(value);
    return value;
  };
  const scope: StepScope = {
    g,
    model,
    setNext,
    scalar(name) {
      const known = scalars.get(name) ?? g.input(name, 'float32', []);
      scalars.set(name, known);
      return known;
    },
    state(name, tensor) {
      const value = g.input(name, tensor.dtype, tensor.shape);
      initial[value.name] = tensor;
      return value;
    },
    wantGradient: (value) => void wanted.push(value),
  };
  const dropoutMask = (ratio: number, shape: readonly number[]) => {
    const value = g.input(`dropout.${dropout.length}`, 'float32', shape);
    dropout.push({ name: value.name, ratio, shape });
    return value;
  };
  const modelStates = () =>
    [...moved].map(([value, start]) => ({ value, next: nextOf.get(value) ?? value, initial: start }));
  const finish = (images: Value) => {
    const state = [...nextOf].map(([value, next]) => ({
      input: value.name,
      output: outputFor(g, value, next),
    }));
    removeDeadNodes(graph);
    return { graph, state, initial, scalars: namesOf(scalars), dropout, images: images.name };
  };
  return { scope, g, setNext, asState, dropoutMask, wanted, modelStates, finish };
}

const namesOf = (values: ReadonlyMap<string, Value>): ReadonlyMap<string, string> =>
  new Map([...values].map(([name, value]) => [name, value.name]));

/** The graph output for the next state. An input that is passed through unchanged needs an Identity node. */
function outputFor(g: Builder, value: Value, next: Value): string {
  const taken = g.graph.outputs.includes(next) || g.graph.inputs.includes(next) || next.tensor !== null;
  return g.output(taken ? g.Identity(next) : next, `${value.name}.next`).name;
}
