import type { Graph, Value } from '../graph.ts';
import { isDataType } from './elements.ts';

/** The printed name of each value of a graph, and of what its subgraphs can see; unique, and never empty. */
export interface Names {
  of(value: Value): string;
  readonly taken: ReadonlySet<string>;
}

/** Names for a graph's values inside `outer`: their own where free, with a suffix where not. */
export function namesOf(graph: Graph, outer: Names | null): Names {
  const names = new Map<Value, string>();
  const taken = new Set(outer?.taken);
  const claim = (value: Value) => {
    const wanted = value.name || 'value';
    let name = wanted;
    for (let i = 1; taken.has(name); i++) name = `${wanted}_${i}`;
    taken.add(name);
    names.set(value, name);
    return name;
  };
  for (const value of definedValues(graph)) if (!names.has(value)) claim(value);
  return { taken, of: (value) => names.get(value) ?? outer?.of(value) ?? claim(value) };
}

/** As an identifier where it reads back as one, else in quotes. */
export function quotedName(name: string): string {
  return /^[A-Za-z_]\w*(?:\.\w+)*$/.test(name) && !isReserved(name) ? name : JSON.stringify(name);
}

/** `Conv`, `com.microsoft.Gelu`; domain and operator in quotes where the point would mislead. */
export function qualifiedOperator(domain: string, op: string): string {
  const qualified = domain ? `${domain}.${op}` : op;
  const plain = quotedName(qualified) === qualified && !op.includes('.') && !isGenerator(qualified);
  return plain ? qualified : `${JSON.stringify(domain)} ${JSON.stringify(op)}`;
}

/** Names that stand for contents where an operator could stand. */
export const isGenerator = (name: string): boolean => name === 'random' || name === 'fill';

const isReserved = (name: string) => name === '_' || /^(?:inf|nan)$/.test(name) || isDataType(name);

function definedValues(graph: Graph): Value[] {
  const computed = graph.nodes.flatMap((node) => node.outputs.filter((value) => value !== null));
  return [...graph.inputs, ...graph.initializers, ...computed];
}
