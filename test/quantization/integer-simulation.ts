import type { Graph, Node, Value } from '../../src/graph/graph.ts';
import { connections } from '../../src/graph/topology.ts';
import { toNumbers } from '../../src/numeric/tensor.ts';

interface Coded {
  readonly codes: number[];
  readonly scale: number;
  readonly zero: number;
  readonly shape: readonly [number, number, number];
}

/**
 * A chain of convolutions (3×3, stride 1, padded by 1, one image) in integers alone, as a QDQ file states it: sums of
 * (q − zero)·w in int32, times scale of input and weight over that of the output, rounded half to even, cut to 0 … 255.
 * The codes of the last output.
 */
export function simulate(graph: Graph, image: readonly number[]): Coded {
  const { uses, producer } = connections(graph);
  const [first] = graph.nodes.filter(({ op }) => op === 'QuantizeLinear');
  let x: Coded = {
    ...parametersOf(first!),
    codes: [],
    shape: graph.inputs[0]!.shape!.slice(1) as [number, number, number],
  };
  x = { ...x, codes: image.map((value) => code(value / x.scale, x.zero)) };
  for (const node of graph.nodes.filter(({ op }) => op === 'Conv')) {
    const [weight, bias] = node.inputs.slice(1).map((value) => producer.get(value!)!);
    const [next, ...others] = uses.get(node.outputs[0]!)!;
    if (others.length > 0 || next!.node?.op !== 'QuantizeLinear') throw new Error('expected Conv, Q');
    x = convolve(x, { weight: weight!, bias: bias!, out: parametersOf(next!.node) });
  }
  return x;
}

const numbers = (value: Value | null | undefined) => toNumbers(value!.tensor!);

const parametersOf = ({ inputs }: Node) => ({ scale: numbers(inputs[1])[0]!, zero: numbers(inputs[2])[0]! });

function code(x: number, zero: number): number {
  const lower = Math.floor(x);
  const half = x - lower === 0.5;
  const nearest = half ? lower + (lower % 2 === 0 ? 0 : 1) : Math.round(x);
  return Math.min(255, Math.max(0, nearest + zero));
}

interface Layer {
  readonly weight: Node;
  readonly bias: Node;
  readonly out: { readonly scale: number; readonly zero: number };
}

function convolve(x: Coded, { weight, bias, out }: Layer): Coded {
  const [channels, height, width] = x.shape;
  const [codes, scales, biases] = [
    numbers(weight.inputs[0]),
    numbers(weight.inputs[1]),
    numbers(bias.inputs[0]),
  ];
  const filters = scales.length;
  const at = (c: number, row: number, column: number) =>
    row < 0 || column < 0 || row >= height || column >= width
      ? 0
      : x.codes[(c * height + row) * width + column]! - x.zero;
  const result: number[] = [];
  for (let f = 0; f < filters; f++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        let sum = biases[f]!;
        for (let c = 0; c < channels; c++)
          for (let k = 0; k < 9; k++) {
            const w = codes[(f * channels + c) * 9 + k]!;
            sum += w * at(c, row + Math.floor(k / 3) - 1, column + (k % 3) - 1);
          }
        result.push(code((sum * x.scale * scales[f]!) / out.scale, out.zero));
      }
  return { codes: result, ...out, shape: [filters, height, width] };
}
