import { Matrix } from 'ml-matrix';
import { isRefusal, type Refusal, refuse } from '../../../graph/edit/refused.ts';
import { type Node, nodeName, onlyOutput, requiredInput, type Value } from '../../../graph/graph.ts';
import { attributesOf, isOperator } from '../../../graph/operators/index.ts';
import { floats } from '../../../numeric/tensor.ts';
import { biasRefusal, channelBias } from '../fold-into-source.ts';
import { tooCostly } from '../growth.ts';
import { type RewriteContext, vector } from '../rewrite-context.ts';
import { type RewriteRule, soleProducer } from '../rewrite-nodes.ts';

/** x·W + b, with the factors α and β of Gemm included. */
interface Product {
  readonly node: Node;
  readonly input: Value;
  /** [inputs, outputs]. */
  readonly weight: Matrix;
  /** [1, outputs]; null without bias. */
  readonly bias: Matrix | null;
}

/** (x·W₁ + b₁)·W₂ + b₂ = x·W₁W₂ + b₁W₂ + b₂, for Gemm, MatMul, and MatMul followed by the Add of its bias. */
export const mergeProducts = (growth: number): RewriteRule => ({
  name: 'product of product',
  ops: ['Gemm', 'MatMul'],
  rewrite(node, context) {
    const source = soleProducer(node.inputs[0], context);
    const first = source && (biased(source, context) ?? product(source, context));
    if (!first) return null;
    const second = product(node, context);
    if (isRefusal(first)) return first;
    if (second === null || isRefusal(second)) return second;
    const [weight, bias] = [first.weight.mmul(second.weight), first.bias?.mmul(second.weight) ?? null];
    const before = macs(first.weight) + macs(second.weight);
    const costly = tooCostly({ before, after: macs(weight) }, growth);
    if (costly) return costly;
    context.setInput(node, 0, first.input);
    context.setWeight(node, 1, floats([weight.rows, weight.columns], weight.to1DArray()));
    if (isOperator(node, 'Gemm')) setGemm(node, plus(bias, second.bias), context);
    else if (bias) addBehind(node, bias, context);
    return true;
  },
});

const macs = (weight: Matrix): number => weight.rows * weight.columns;

const plus = (a: Matrix | null, b: Matrix | null): Matrix | null => (a && b ? Matrix.add(a, b) : (a ?? b));

/** Reads a Gemm or MatMul with a constant; null for other nodes, a refusal if it cannot be merged. */
function product(node: Node, context: RewriteContext): Product | Refusal | null {
  if (!isOperator(node, 'Gemm') && !isOperator(node, 'MatMul')) return null;
  const other = context.weights(node.inputs[1]) && context.sharer(node, 1);
  if (other) return refuse('shared', `the weight of ${nodeName(node)} is shared with ${nodeName(other)}`);
  if (isOperator(node, 'Gemm')) return gemm(node, context);
  const weight = context.weights(node.inputs[1]);
  if (weight?.shape.length !== 2) return null;
  return { node, input: requiredInput(node, 0), weight: matrix(weight.shape, weight.data), bias: null };
}

function gemm(node: Node, { weights }: RewriteContext): Product | Refusal {
  const { alpha, beta, transA, transB } = attributesOf(node, 'Gemm');
  const weight = weights(node.inputs[1]);
  if (!weight) return refuse('not-constant', `the weight of ${nodeName(node)} is not a float32 constant`);
  if (transA) return refuse('unsupported', `${nodeName(node)} transposes its input`);
  const stored = matrix(weight.shape, weight.data);
  const factor = (transB ? stored.transpose() : stored).mul(alpha);
  if (!node.inputs[2]) return { node, input: requiredInput(node, 0), weight: factor, bias: null };
  const bias = channelBias(weights(node.inputs[2]), factor.columns);
  if (!bias) return biasRefusal(nodeName(node));
  return { node, input: requiredInput(node, 0), weight: factor, bias: row(bias).mul(beta) };
}

/** Reads an Add of a constant and the result of a MatMul. */
function biased(node: Node, context: RewriteContext): Product | null {
  if (!isOperator(node, 'Add')) return null;
  const at = node.inputs.findIndex((value) => context.weights(value));
  const source = soleProducer(node.inputs[1 - at], context);
  const made = at >= 0 && isOperator(source, 'MatMul') ? product(source, context) : null;
  if (!made || isRefusal(made)) return null;
  const bias = channelBias(context.weights(node.inputs[at]), made.weight.columns);
  return bias && { ...made, bias: row(bias) };
}

const matrix = ([rows = 0, columns = 0]: readonly number[], data: Float32Array): Matrix =>
  Matrix.from1DArray(rows, columns, data);
const row = (data: Float32Array): Matrix => Matrix.rowVector(data);

function setGemm(node: Node, bias: Matrix | null, context: RewriteContext): void {
  if (bias) context.setWeight(node, 2, vector(bias.to1DArray()));
  context.become(node, { op: 'Gemm', inputs: node.inputs });
}

/** Adds a row to the result of a MatMul: in the Add of its bias, or in a new Add. */
function addBehind(node: Node, bias: Matrix, context: RewriteContext): void {
  const output = onlyOutput(node);
  const [use, ...others] = context.uses.get(output) ?? [];
  const reader = use?.node;
  if (others.length === 0 && use && isOperator(reader, 'Add')) {
    const at = 1 - use.index;
    const old = channelBias(context.weights(reader.inputs[at]), bias.columns);
    if (old) {
      context.setWeight(reader, at, vector(Matrix.add(row(old), bias).to1DArray()));
      return;
    }
  }
  const inner = context.value(`${output.name}.product`, output.dtype, output.shape);
  const name = `${node.name || output.name}.bias`;
  context.setOutput(node, 0, inner);
  const shift = context.constant(vector(bias.to1DArray()), name);
  context.insertAfter(node, { op: 'Add', name, inputs: [inner, shift], outputs: [output] });
}
