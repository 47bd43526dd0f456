import { EspalierError } from '../errors.ts';
import { formatShape, type Graph, staticShape, type Value } from '../graph/graph.ts';
import { contentsAt } from '../graph/inputs/feed-contents.ts';
import { expectWithin } from '../numeric/budget.ts';
import { fillDrawn, type Random, random } from '../numeric/random.ts';
import { allocate, bytesFor, type DataType, makeTensor, type Tensor } from '../numeric/tensor.ts';
import type { Tensors } from '../runtime/executor.ts';

/** How wide the random numbers of a feed spread. */
interface Draw {
  readonly seed: number;
  /** Factor of the standard normal distribution. */
  readonly scale: number;
}

/** What each input of fixed shape is fed with: its own feed, else seeded random contents. */
export function randomFeeds(graph: Graph, { seed, scale }: Draw): Tensors {
  const stored = new Set(graph.initializers);
  const fed = graph.inputs.filter((value) => !stored.has(value));
  return Object.fromEntries(
    fed.map((value, index) => [
      value.name,
      contentsAt(value, staticShape(value)) ?? randomTensor(value, random(seed, index), scale),
    ]),
  );
}

type Element = (source: Random, scale: number) => number;

const normal: Element = ({ normal: next }, scale) => scale * next();
/** Small, for integers mostly index something. */
const bit: Element = ({ integer }) => integer(2);
/** Raw bits of ±scale·[1/8, 2): sign, exponent from −3 to 0 (and log₂ of the scale), mantissa. */
const half: Element = ({ integer }, scale) =>
  (integer(2) << 15) | ((12 + integer(4) + Math.round(Math.log2(scale))) << 10) | integer(1024);

const elements: { readonly [D in DataType]?: Element } = {
  float32: normal,
  float64: normal,
  float16: half,
  uint8: ({ integer }) => integer(256),
  int8: ({ integer }) => integer(256) - 128,
  int16: bit,
  int32: bit,
  int64: bit,
  uint16: bit,
  uint32: bit,
  uint64: bit,
  bool: bit,
};

function randomTensor(value: Value, source: Random, scale: number): Tensor {
  const element = value.dtype && elements[value.dtype];
  if (!value.dtype || !element || value.dtype === 'string') {
    const message = `expected an input of numbers to verify with, found ${value.dtype ?? 'no tensor'}`;
    throw new EspalierError('unsupported', message, { where: value.name });
  }
  const shape = staticShape(value);
  if (shape.includes(0)) {
    const message = `expected at least one element, found an input of ${formatShape(shape)}`;
    throw new EspalierError('unsupported', message, { where: value.name });
  }
  const what = `a feed of ${formatShape(shape)}`;
  expectWithin({ bytes: bytesFor(value.dtype, shape), where: value.name, what });
  const data = allocate(value.dtype, shape);
  const next = () => element(source, scale);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) fillDrawn(data, () => BigInt(next()));
  else fillDrawn(data, next);
  return makeTensor(value.dtype, shape, data);
}
