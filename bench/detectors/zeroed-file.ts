import { EspalierError } from '../../src/errors.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { keptOf } from './kept.ts';

/** How much a file was changed. */
export interface Zeroed {
  readonly bytes: Buffer;
  /** Weights of convolutions, and those of them that became 0. */
  readonly weights: number;
  readonly zeros: number;
}

/**
 * The bytes of a file whose convolutions lack, as zeros in place, every weight that those of the pruned network lack. Each of the
 * pruned network's weights must be rows and columns of the file's. Nothing else of the file is touched.
 */
export function zeroedFile(file: Buffer, given: Graph, pruned: Graph): Zeroed {
  const bytes = Buffer.from(file);
  const left = new Map(convolutions(pruned).map((node) => [node.name, node]));
  let [weights, zeros] = [0, 0];
  for (const node of convolutions(given)) {
    const [whole, part] = [weightOf(node), weightOf(expected(left.get(node.name), node.name))];
    const data = (whole.data as Float32Array).slice();
    const gone = zero(data, whole, keptOf(whole, part, node.name));
    if (gone > 0) bytes.set(bytesOf(data), placeOf(file, bytesOf(whole.data as Float32Array), node.name));
    weights += data.length;
    zeros += gone;
  }
  return { bytes, weights, zeros };
}

const convolutions = ({ nodes }: Graph): Node[] => nodes.filter(({ op }) => op === 'Conv');

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const weightOf = ({ name, inputs: [, weight] }: Node): Tensor => expected(weight?.tensor, name);

function expected<T>(found: T | null | undefined, where: string): T {
  if (found) return found;
  throw new EspalierError('verification', 'expected a convolution with constant weights in both files', {
    where,
  });
}

/** Sets what stays of neither its row nor its column to 0, and counts it. */
function zero(data: Float32Array, { shape }: Tensor, { rows, columns }: ReturnType<typeof keptOf>): number {
  const [filters, inputs] = [shape[0]!, shape[1]!];
  const size = data.length / filters / inputs;
  const [rowStays, columnStays] = [new Set(rows), new Set(columns)];
  let gone = 0;
  for (let m = 0; m < filters; m++) {
    for (let c = 0; c < inputs; c++) {
      if (rowStays.has(m) && columnStays.has(c)) continue;
      data.fill(0, (m * inputs + c) * size, (m * inputs + c + 1) * size);
      gone += size;
    }
  }
  return gone;
}

/** Where the file has these bytes; they must be there once. */
function placeOf(file: Buffer, weight: Buffer, where: string): number {
  const first = find(file, weight, 0);
  if (first >= 0 && find(file, weight, first + 1) < 0) return first;
  throw new EspalierError('verification', 'expected the weights once in the file', { where });
}

function find(file: Buffer, weight: Buffer, from: number): number {
  const start = weight.subarray(0, 64);
  for (let at = file.indexOf(start, from); at >= 0; at = file.indexOf(start, at + 1))
    if (weight.equals(file.subarray(at, at + weight.length))) return at;
  return -1;
}
