import { DEFAULT_OPSET, type Graph } from '../graph.ts';
import { inferShapes } from '../shapes/index.ts';
import { type Building, buildGraph, checkTypes } from './build.ts';
import { graphAt } from './syntax.ts';
import { type Cursor, cursorOver, listOf, nameAt, unquoted } from './tokens.ts';

/**
 * Parses a graph in text form, such as `net(float32[N, 3] x) => (y) { y = Relu(x) }`; sorts its nodes and infers types.
 * Throws `invalid-model` with line and column if the text is invalid.
 */
export function parseGraph(text: string): Graph {
  const cursor = cursorOver(text);
  const { opsets, metadata } = headerAt(cursor);
  const syntax = graphAt(cursor);
  if (cursor.peek().kind !== 'end') throw cursor.unexpected('the end of the text');
  const building: Building = { cursor, opsets, declared: [] };
  const graph = { ...buildGraph(syntax, building), metadata };
  inferShapes(graph);
  checkTypes(building);
  return graph;
}

/** Parses a header `<opset = 18, com.microsoft = 1, "author" = "me">`: numbers are operator sets, text is metadata. */
function headerAt(cursor: Cursor) {
  const opsets: Record<string, number> = { '': DEFAULT_OPSET };
  const metadata: [string, string][] = [];
  if (!cursor.at('<')) return { opsets, metadata: {} };
  listOf(cursor, ['<', '>'], () => {
    const isOnnx = cursor.at('opset');
    const key = nameAt(cursor, 'a domain');
    cursor.expect('=');
    const { kind, text } = cursor.peek();
    if (kind === 'string') metadata.push([key, unquoted(cursor, cursor.peek())]);
    else if (/^\d{1,9}$/.test(text)) opsets[isOnnx ? '' : key] = Number(text);
    else throw cursor.unexpected('a version or a string');
    cursor.next();
  });
  return { opsets, metadata: Object.fromEntries(metadata) };
}
