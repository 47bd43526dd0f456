import type { Attribute, Graph, Node, Value } from '../graph.ts';
import { makeConstant, makeValue } from '../graph.ts';
import { sortTopologically } from '../topology.ts';
import type { AttributeSyntax, GraphSyntax, NodeSyntax, ValueSyntax } from './syntax.ts';
import type { Cursor } from './tokens.ts';
import type { TypeSyntax } from './types.ts';

/** State shared by the construction of a graph and its subgraphs. */
export interface Building {
  readonly cursor: Cursor;
  readonly opsets: Record<string, number>;
  /** All values with a type in the text, to be compared with inferred types. */
  readonly declared: (readonly [Value, ValueSyntax])[];
}

/** The values that a name can refer to, innermost first. */
interface NameScope {
  readonly own: Map<string, Value>;
  readonly outer: NameScope | null;
}

/**
 * Builds the graph that a text describes: resolves names and sorts nodes. Throws for names that are unknown or defined twice.
 */
export function buildGraph(syntax: GraphSyntax, building: Building, outer: NameScope | null = null): Graph {
  const scope: NameScope = { own: new Map(), outer };
  const declare = (written: ValueSyntax, value = makeValue(written.name, written.dtype, written.shape)) => {
    if (find(scope, written.name)) {
      throw building.cursor.fail(`${written.name} is defined twice`, written.token);
    }
    scope.own.set(written.name, value);
    return typed(written, value, building);
  };
  const inputs = syntax.inputs.map((input) => declare(input));
  const initializers = syntax.initializers.map(({ value: written, tensor }) => {
    const input = inputs.find(({ name }) => name === written.name);
    if (!input || input.tensor) return declare(written, makeConstant(written.name, tensor));
    input.tensor = tensor; // the default of an input
    return typed(written, input, building);
  });
  const outputsOfNodes = syntax.nodes.map((node) => node.outputs.map((output) => output && declare(output)));
  const nodes = syntax.nodes.map((node, i) => buildNode(node, outputsOfNodes[i]!, { building, scope }));
  const outputs = syntax.outputs.map((output) => typed(output, resolve(scope, output, building), building));
  const { name } = syntax;
  const graph = { name, inputs, outputs, initializers, nodes, opsets: building.opsets, metadata: {} };
  sortTopologically(graph);
  return graph;
}

/** Throws if a type in the text contradicts the inferred one. */
export function checkTypes({ cursor, declared }: Building): void {
  for (const [value, written] of declared) {
    if (!agree(written, value)) {
      const message = `${written.name}: expected ${typeText(value)}, found ${typeText(written)}`;
      throw cursor.fail(message, written.token);
    }
  }
}

interface NodeContext {
  readonly building: Building;
  readonly scope: NameScope;
}

function buildNode(written: NodeSyntax, outputs: (Value | null)[], { building, scope }: NodeContext): Node {
  const { op, domain, attributes } = written;
  building.opsets[domain] ??= 1;
  const names = new Set<string>();
  const built = attributes.map(([name, attribute]) => {
    const at = written.outputs.find((output) => output !== null)?.token ?? building.cursor.peek();
    if (names.has(name)) throw building.cursor.fail(`attribute ${name} is given twice`, at);
    names.add(name);
    return [name, buildAttribute(attribute, { building, scope })] as const;
  });
  return {
    op,
    domain,
    name: written.name ?? outputs.find((output) => output !== null)?.name ?? '',
    inputs: written.inputs.map((input) => input && resolve(scope, input, building)),
    outputs,
    attributes: Object.fromEntries(built),
  };
}

function buildAttribute(attribute: AttributeSyntax, { building, scope }: NodeContext): Attribute {
  if (attribute.kind === 'graph') {
    return { kind: 'graph', value: buildGraph(attribute.value, building, scope) };
  }
  if (attribute.kind === 'graphs') {
    return { kind: 'graphs', value: attribute.value.map((body) => buildGraph(body, building, scope)) };
  }
  return attribute;
}

function find(scope: NameScope | null, name: string): Value | null {
  return scope && (scope.own.get(name) ?? find(scope.outer, name));
}

function resolve(scope: NameScope, written: ValueSyntax, { cursor }: Building): Value {
  const value = find(scope, written.name);
  if (!value) throw cursor.fail(`nothing defines ${written.name}`, written.token);
  return value;
}

/** The value, with the type from the text if it had none. */
function typed(written: ValueSyntax, value: Value, { declared }: Building): Value {
  value.dtype ??= written.dtype;
  value.shape ??= written.shape;
  if (written.dtype || written.shape) declared.push([value, written]);
  return value;
}

/** Whether types are compatible; symbols match any size. */
function agree(a: TypeSyntax, b: TypeSyntax): boolean {
  if (a.dtype && b.dtype && a.dtype !== b.dtype) return false;
  if (!a.shape || !b.shape) return true;
  return (
    a.shape.length === b.shape.length &&
    a.shape.every((dim, i) => {
      const other = b.shape![i];
      return typeof dim !== 'number' || typeof other !== 'number' || dim === other;
    })
  );
}

const typeText = ({ dtype, shape }: TypeSyntax) =>
  `${dtype ?? '?'}${shape ? `[${shape.map((dim) => dim ?? '?').join(', ')}]` : ''}`;
