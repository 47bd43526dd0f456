import type { DataType } from '../../numeric/tensor.ts';
import type { Dim, Shape } from '../graph.ts';
import { isDataType } from './elements.ts';
import { type Cursor, listOf, nameAt, type Token } from './tokens.ts';

/** A type, as far as it is given. */
export interface TypeSyntax {
  readonly dtype: DataType | null;
  readonly shape: Shape | null;
}

/** Whether the next tokens are a type rather than a name. */
export const atType = (cursor: Cursor): boolean =>
  cursor.at('?') || (cursor.peek().kind === 'name' && isDataType(cursor.peek().text));

/** The shape of a tensor. Throws if its element type or dimensions are open. */
export function fixedShape(cursor: Cursor, type: TypeSyntax, token: Token) {
  const { dtype, shape } = type;
  if (dtype && shape?.every((dim) => typeof dim === 'number')) return { dtype, shape: shape as number[] };
  throw cursor.fail('a tensor needs an element type and a fixed shape, as in float32[2, 3]', token);
}

/** Parses a type: `float32[N, 3]`; `float32` has unknown rank, `float32[]` is a scalar, `?` is unknown. */
export function typeAt(cursor: Cursor): TypeSyntax {
  const { text } = cursor.next();
  const dtype = text === '?' ? null : (text as DataType);
  return { dtype, shape: cursor.at('[') ? listOf(cursor, ['[', ']'], () => dimAt(cursor)) : null };
}

function dimAt(cursor: Cursor): Dim {
  if (cursor.accept('?')) return null;
  if (cursor.peek().kind !== 'number') return nameAt(cursor, 'a dimension');
  const size = Number(cursor.peek().text);
  if (!Number.isSafeInteger(size) || size < 0) throw cursor.unexpected('a dimension');
  cursor.next();
  return size;
}
