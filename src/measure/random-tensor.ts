import { EspalierError } from '../errors.ts';
import { expectWithin } from '../numeric/budget.ts';
import { fillDrawn, type Random, random } from '../numeric/random.ts';
import { bytesFor, type DataType, elementCount, makeTensor, type Tensor } from '../numeric/tensor.ts';

type Fill = (length: number, draw: Random) => Tensor['data'];

const FLOAT16_HALF = 0x3800;
const FLOAT16_SPAN = 0x400;

/** Contents like those of images and tokens, by type: normal numbers, 8-bit values, 0 or 1 for indices. */
const fills: { readonly [D in DataType]?: Fill } = {
  float32: (length, { normal }) => fillDrawn(new Float32Array(length), normal),
  float64: (length, { normal }) => fillDrawn(new Float64Array(length), normal),
  /** Bits of uniform numbers in [½, 1). */
  float16: (length, { integer }) =>
    fillDrawn(new Uint16Array(length), () => FLOAT16_HALF + integer(FLOAT16_SPAN)),
  uint8: (length, { integer }) => fillDrawn(new Uint8Array(length), () => integer(256)),
  int8: (length, { integer }) => fillDrawn(new Int8Array(length), () => integer(256) - 128),
  int32: (length, { integer }) => fillDrawn(new Int32Array(length), () => integer(2)),
  int64: (length, { integer }) => fillDrawn(new BigInt64Array(length), () => BigInt(integer(2))),
  bool: (length, { integer }) => fillDrawn(new Uint8Array(length), () => integer(2)),
};

/** A tensor of seeded random contents; throws `unsupported` for a type that no input of a vision network has. */
export function randomTensor(dtype: DataType, shape: readonly number[], seed: number): Tensor {
  const fill = fills[dtype];
  if (!fill) throw new EspalierError('unsupported', `no random input of type ${dtype}`);
  if (shape.includes(0))
    throw new EspalierError('unsupported', `expected at least one element, found an input of [${shape}]`);
  const what = `a random ${dtype} tensor`;
  expectWithin({ bytes: bytesFor(dtype as 'float32', shape), where: `[${shape}]`, what });
  return makeTensor(dtype, shape, fill(elementCount(shape), random(seed)));
}
