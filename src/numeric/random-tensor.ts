import { EspalierError } from '../errors.ts';
import { expectWithin } from './budget.ts';
import { fillDrawn, type Random } from './random.ts';
import { allocate, bytesFor, type DataType, makeTensor, type Tensor } from './tensor.ts';

/** The name, type and shape of an input. */
interface RandomInput {
  readonly name: string;
  readonly dtype: DataType | null;
  readonly shape: readonly number[];
}

type Element = (source: Random, scale: number) => number;

const normal: Element = ({ normal: next }, scale) => scale * next();
/** Small, because integers are mostly indices. */
const bit: Element = ({ integer }) => integer(2);
/** Bits of ±scale·[1/8, 2): sign, exponent from −3 to 0 (plus log₂ of the scale), mantissa. */
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

/**
 * Random contents that resemble images and tokens: normal numbers with standard deviation `scale`, 8-bit values, and 0 or 1
 * for other integers. Throws `unsupported` for other types, and for shapes without elements.
 */
export function randomTensor({ name, dtype, shape }: RandomInput, source: Random, scale = 1): Tensor {
  const element = dtype && elements[dtype];
  if (!dtype || !element || dtype === 'string') {
    const message = `expected an input of numbers, found ${dtype ?? 'no tensor'}`;
    throw new EspalierError('unsupported', message, { where: name });
  }
  const size = `[${shape.join(', ')}]`;
  if (shape.includes(0)) {
    const message = `expected at least one element, found an input of ${size}`;
    throw new EspalierError('unsupported', message, { where: name });
  }
  expectWithin({ bytes: bytesFor(dtype, shape), where: name, what: `a feed of ${size}` });
  const data = allocate(dtype, shape);
  const next = () => element(source, scale);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) fillDrawn(data, () => BigInt(next()));
  else fillDrawn(data, next);
  return makeTensor(dtype, shape, data);
}
