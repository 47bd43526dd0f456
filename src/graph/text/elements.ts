import { random } from '../../numeric/random.ts';
import { allocate, arrayLength, type DataType, elementCount, type Tensor } from '../../numeric/tensor.ts';
import { setElements } from '../../numeric/typed-arrays.ts';
import { type Cursor, listOf, unquoted } from './tokens.ts';

/** The notation of elements; types whose arrays contain raw bits are written in hexadecimal. */
type Notation = 'single' | 'double' | 'integer' | 'bool' | 'string' | 'bits';

const notations: { readonly [D in DataType]: Notation } = {
  float32: 'single',
  float64: 'double',
  complex64: 'single',
  complex128: 'double',
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'integer',
  uint8: 'integer',
  uint16: 'integer',
  uint32: 'integer',
  uint64: 'integer',
  bool: 'bool',
  string: 'string',
  float16: 'bits',
  bfloat16: 'bits',
  float8e4m3fn: 'bits',
  float8e4m3fnuz: 'bits',
  float8e5m2: 'bits',
  float8e5m2fnuz: 'bits',
  float8e8m0: 'bits',
  int4: 'bits',
  uint4: 'bits',
  float4e2m1: 'bits',
  int2: 'bits',
  uint2: 'bits',
};

/** Maximum number of elements in a text: more are assumed to be a mistake. */
const MOST_ELEMENTS = 2 ** 28;

type Element = number | bigint | string;

export const isDataType = (name: string): name is DataType => Object.hasOwn(notations, name);

/** All array elements as text, such as `{1, 2.5}`, in a form that parses to the same elements. */
export function formatElements(tensor: Tensor): string {
  const format = formats[notations[tensor.dtype]];
  return `{${Array.from(tensor.data as ArrayLike<Element>, format).join(', ')}}`;
}

/** The fewest digits that parse to the same number, without a trailing `.0`. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

const formats: { readonly [N in Notation]: (element: Element) => string } = {
  single: (element) => formatNumber(shortest(Number(element))),
  double: (element) => formatNumber(Number(element)),
  integer: String,
  bool: (element) => String(Number(element) !== 0),
  string: (element) => JSON.stringify(element),
  bits: (element) => `0x${element.toString(16)}`,
};

/** The double with the fewest digits that rounds to the same float32. */
function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Object.is(Math.fround(candidate), value)) return candidate;
  }
  return value; // -0, infinite or NaN
}

/** Parses the contents of a tensor: `{1, 2}`, `fill(0.5)` or `random(seed = 1)` (standard normal numbers). */
export function contentsAt(cursor: Cursor, dtype: DataType, shape: readonly number[]): Tensor {
  const start = cursor.peek();
  if (cursor.at('...')) throw cursor.fail('the contents are omitted here; print the graph in full', start);
  if (elementCount(shape) > MOST_ELEMENTS) {
    throw cursor.fail(`expected at most ${MOST_ELEMENTS} elements, found [${shape.join(', ')}]`, start);
  }
  if (cursor.at('random')) return { dtype, shape, data: normals(cursor, dtype, shape) };
  const length = dtype === 'string' ? elementCount(shape) : arrayLength(dtype, shape);
  if (cursor.accept('fill')) {
    cursor.expect('(');
    const element = elementAt(cursor, dtype);
    cursor.expect(')');
    return { dtype, shape, data: stored(dtype, shape, () => element) };
  }
  const elements = listOf(cursor, ['{', '}'], () => elementAt(cursor, dtype));
  if (elements.length !== length) {
    throw cursor.fail(`expected ${length} elements, found ${elements.length}`, start);
  }
  return { dtype, shape, data: stored(dtype, shape, (i) => elements[i]!) };
}

function stored(dtype: DataType, shape: readonly number[], element: (i: number) => Element): Tensor['data'] {
  if (dtype === 'string') return Array.from({ length: elementCount(shape) }, (_, i) => String(element(i)));
  const data = allocate(dtype, shape);
  setElements(data, element);
  return data;
}

function normals(cursor: Cursor, dtype: DataType, shape: readonly number[]): Tensor['data'] {
  const start = cursor.expect('random');
  if (dtype !== 'float32' && dtype !== 'float64') {
    throw cursor.fail(`random numbers are float32 or float64, not ${dtype}`, start);
  }
  cursor.expect('(');
  cursor.expect('seed');
  cursor.expect('=');
  if (!/^\d+$/.test(cursor.peek().text)) throw cursor.unexpected('a whole number');
  const { normal } = random(Number(cursor.next().text));
  cursor.expect(')');
  return stored(dtype, shape, normal);
}

function elementAt(cursor: Cursor, dtype: DataType): Element {
  const token = cursor.peek();
  const element = readers[notations[dtype]](cursor);
  if (element === null) throw cursor.unexpected(`an element of ${dtype}`);
  cursor.next();
  if (typeof element !== 'bigint') return element;
  const [held] = stored(dtype, [1], () => exact(dtype, element));
  if (BigInt(held!) !== element) throw cursor.fail(`${token.text} does not fit ${dtype}`, token);
  return exact(dtype, element);
}

/** Converts to the element type of the array: bigint for 64-bit integers. */
const exact = (dtype: DataType, element: bigint): number | bigint =>
  dtype === 'int64' || dtype === 'uint64' ? element : Number(element);

const readers: { readonly [N in Notation]: (cursor: Cursor) => Element | null } = {
  single: numberIn,
  double: numberIn,
  integer: (cursor) => (/^-?\d+$/.test(cursor.peek().text) ? BigInt(cursor.peek().text) : null),
  bool: (cursor) =>
    cursor.at('true') || cursor.at('1') ? 1 : cursor.at('false') || cursor.at('0') ? 0 : null,
  string: (cursor) => (cursor.peek().kind === 'string' ? unquoted(cursor, cursor.peek()) : null),
  bits: (cursor) => (/^0x[0-9a-f]+$/i.test(cursor.peek().text) ? BigInt(cursor.peek().text) : null),
};

function numberIn(cursor: Cursor): number | null {
  const { kind, text } = cursor.peek();
  return kind === 'number' ? parseNumber(text) : null;
}

/** The value of a number token. */
export function parseNumber(text: string): number {
  return Number(text.replace('inf', 'Infinity').replace('nan', 'NaN').replace('-NaN', 'NaN'));
}
