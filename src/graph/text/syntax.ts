import type { Tensor } from '../../numeric/tensor.ts';
import type { Attribute } from '../graph.ts';
import { attributeAt } from './attributes.ts';
import { contentsAt } from './elements.ts';
import { isGenerator } from './names.ts';
import { type Cursor, listOf, nameAt, type Token, unquoted } from './tokens.ts';
import { atType, fixedShape, type TypeSyntax, typeAt } from './types.ts';

/** A value that is declared (possibly with a type) or read. */
export interface ValueSyntax extends TypeSyntax {
  readonly name: string;
  readonly token: Token;
}

/** An attribute whose subgraphs are not built yet. */
export type AttributeSyntax =
  | Exclude<Attribute, { kind: 'graph' | 'graphs' }>
  | { readonly kind: 'graph'; readonly value: GraphSyntax }
  | { readonly kind: 'graphs'; readonly value: readonly GraphSyntax[] };

/** `float32[2] w = {1, 2}` */
export interface InitializerSyntax {
  readonly value: ValueSyntax;
  readonly tensor: Tensor;
}

/** `y = Relu(x)` */
export interface NodeSyntax {
  /** null if the node is named after its first output. */
  readonly name: string | null;
  readonly domain: string;
  readonly op: string;
  readonly attributes: readonly (readonly [string, AttributeSyntax])[];
  readonly inputs: readonly (ValueSyntax | null)[];
  readonly outputs: readonly (ValueSyntax | null)[];
}

/** A parsed graph. Names are not resolved yet, so that statements may be in any order. */
export interface GraphSyntax {
  readonly name: string;
  readonly inputs: readonly ValueSyntax[];
  readonly outputs: readonly ValueSyntax[];
  readonly initializers: readonly InitializerSyntax[];
  readonly nodes: readonly NodeSyntax[];
}

/** `name(inputs) => (outputs) { statements }` */
export function graphAt(cursor: Cursor): GraphSyntax {
  const name = nameAt(cursor, 'the name of a graph');
  const inputs = listOf(cursor, ['(', ')'], () => valueAt(cursor));
  cursor.expect('=>');
  const outputs = listOf(cursor, ['(', ')'], () => valueAt(cursor));
  const initializers: InitializerSyntax[] = [];
  const nodes: NodeSyntax[] = [];
  cursor.expect('{');
  while (!cursor.accept('}')) {
    const statement = statementAt(cursor);
    if ('tensor' in statement) initializers.push(statement);
    else nodes.push(statement);
  }
  return { name, inputs, outputs, initializers, nodes };
}

function valueAt(cursor: Cursor): ValueSyntax {
  const type = atType(cursor) ? typeAt(cursor) : { dtype: null, shape: null };
  const token = cursor.peek();
  return { ...type, token, name: nameAt(cursor, 'the name of a value') };
}

const optionalValueAt = (cursor: Cursor) => (cursor.accept('_') ? null : valueAt(cursor));

function statementAt(cursor: Cursor): InitializerSyntax | NodeSyntax {
  const isNamed = cursor.peek().kind === 'string' && cursor.peek(1).text === ':';
  const start = cursor.peek();
  const name = isNamed ? unquoted(cursor, cursor.next()) : null;
  if (isNamed) cursor.expect(':');
  const outputs: (ValueSyntax | null)[] = [];
  while (!cursor.at('=')) {
    outputs.push(optionalValueAt(cursor));
    if (!cursor.at('=') && !cursor.accept(',')) throw cursor.unexpected("',' or '='");
  }
  cursor.expect('=');
  if (!atContents(cursor)) return { name, outputs, ...callAt(cursor) };
  const [value] = outputs;
  if (!value || outputs.length > 1 || isNamed) throw cursor.fail('contents need exactly one name', start);
  const { dtype, shape } = fixedShape(cursor, value, start);
  return { value, tensor: contentsAt(cursor, dtype, shape) };
}

const atContents = (cursor: Cursor) =>
  cursor.at('{') || cursor.at('...') || (cursor.peek().kind === 'name' && isGenerator(cursor.peek().text));

function callAt(cursor: Cursor): Omit<NodeSyntax, 'name' | 'outputs'> {
  const operator = operatorAt(cursor);
  const attributes = cursor.at('<') ? listOf(cursor, ['<', '>'], () => attributeAt(cursor, graphAt)) : [];
  return { ...operator, attributes, inputs: listOf(cursor, ['(', ')'], () => optionalValueAt(cursor)) };
}

function operatorAt(cursor: Cursor): { domain: string; op: string } {
  const { kind } = cursor.peek();
  const text = nameAt(cursor, 'an operator');
  if (kind === 'string') return { domain: text, op: nameAt(cursor, 'an operator after its domain') };
  const point = text.lastIndexOf('.');
  return { domain: text.slice(0, Math.max(point, 0)), op: text.slice(point + 1) };
}
