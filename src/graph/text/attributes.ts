import { fromHex } from '../../numeric/hex.ts';
import { contentsAt, parseNumber } from './elements.ts';
import type { AttributeSyntax, GraphSyntax } from './syntax.ts';
import { type Cursor, listOf, nameAt, type Token, unquoted } from './tokens.ts';
import { atType, fixedShape, typeAt } from './types.ts';

/** Reads a graph if one follows. */
type GraphReader = (cursor: Cursor) => GraphSyntax;

/**
 * Reads an attribute `name = value`. Its kind may precede the value (`axes: ints = []`), which is required for an empty list.
 */
export function attributeAt(cursor: Cursor, graphAt: GraphReader): readonly [string, AttributeSyntax] {
  const name = nameAt(cursor, 'the name of an attribute');
  const kind = cursor.accept(':') ? nameAt(cursor, 'the kind of the attribute') : null;
  cursor.expect('=');
  const start = cursor.peek();
  if (cursor.at('...')) throw cursor.fail(`the value of ${name} is omitted here`, start);
  const parts = cursor.at('[') ? listOf(cursor, ['[', ']'], () => partAt(cursor, graphAt)) : null;
  const attribute = parts ? listed(parts, kind) : partAt(cursor, graphAt);
  if (!attribute) throw cursor.fail('an empty or mixed list needs one kind, as in axes: ints = []', start);
  if (!kind || attribute.kind === kind) return [name, attribute];
  if (kind === 'float' && attribute.kind === 'int') return [name, { kind, value: Number(attribute.value) }];
  if (kind === 'floats' && attribute.kind === 'ints') {
    return [name, { kind, value: attribute.value.map(Number) }];
  }
  throw cursor.fail(`expected ${kind}, found ${attribute.kind}`, start);
}

function partAt(cursor: Cursor, graphAt: GraphReader): AttributeSyntax {
  const { kind, text } = cursor.peek();
  if (kind === 'number') return numeric(cursor.next().text);
  if (kind === 'bytes') {
    cursor.next();
    return { kind: 'string', value: fromHex(text.slice(2, -1)) };
  }
  if (atType(cursor)) return tensorAt(cursor, cursor.peek());
  if (kind === 'string' && cursor.peek(1).text !== '(') {
    return { kind: 'string', value: unquoted(cursor, cursor.next()) };
  }
  if (cursor.peek(1).text !== '(') throw cursor.unexpected('the value of an attribute');
  return { kind: 'graph', value: graphAt(cursor) };
}

function numeric(text: string): AttributeSyntax {
  if (!/^(?:-?\d+|0x[0-9a-f]+)$/i.test(text)) return { kind: 'float', value: parseNumber(text) };
  const value = Number(text);
  return { kind: 'int', value: Number.isSafeInteger(value) ? value : BigInt(text) };
}

function tensorAt(cursor: Cursor, start: Token): AttributeSyntax {
  const { dtype, shape } = fixedShape(cursor, typeAt(cursor), start);
  return { kind: 'tensor', value: contentsAt(cursor, dtype, shape) };
}

/** The attribute for a list: numbers of both kinds become floats; null if the elements have incompatible kinds. */
function listed(parts: readonly AttributeSyntax[], kind: string | null): AttributeSyntax | null {
  const kinds = new Set(parts.map((part) => part.kind));
  if (kinds.size === 0) return isListKind(kind) ? { kind, value: [] } : null;
  if (kinds.size === 2 && kinds.has('int') && kinds.has('float')) {
    return { kind: 'floats', value: parts.map((part) => Number(part.value)) };
  }
  const [only] = kinds;
  const plural = `${only}s`;
  if (kinds.size > 1 || !isListKind(plural)) return null;
  return { kind: plural, value: parts.map((part) => part.value) } as AttributeSyntax;
}

const isListKind = (kind: string | null): kind is 'ints' | 'floats' | 'strings' | 'graphs' =>
  kind === 'ints' || kind === 'floats' || kind === 'strings' || kind === 'graphs';
