import type { Graph, Value } from '../graph.ts';
import { isDataType } from './elements.ts';

/** The printed names of a graph's values and of those that its subgraphs can access; unique and not empty. */
export interface Names {
  of(value: Value): string;
  readonly taken: ReadonlySet<string>;
}

/** Chooses names for the values of a graph inside `outer`: their own if free, else with a suffix. */
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

/** The name as an identifier if it parses as one, else quoted. */
export function quotedName(name: string): string {
  return /^[A-Za-z_]\w*(?:\.\w+)*$/.test(name) && !isReserved(name) ? name : JSON.stringify(name);
}

/** The operator as text: `Conv`, `com.microsoft.Gelu`; quoted if the dot would be ambiguous. */
export function qualifiedOperator(domain: string, op: string): string {
  const qualified = domain ? `${domain}.${op}` : op;
  const plain = quotedName(qualified) === qualified && !op.includes('.') && !isGenerator(qualified);
  return plain ? qualified : `${JSON.stringify(domain)} ${JSON.stringify(op)}`;
}

/** Whether a name denotes generated contents at a position where an operator may be. */
export const isGenerator = (name: string): boolean => name === 'random' || name === 'fill';

const isReserved = (name: string) => name === '_' || /^(?:inf|nan)$/.test(name) || isDataType(name);

function definedValues(graph: Graph): Value[] {
  const computed = graph.nodes.flatMap((node) => node.outputs.filter((value) => value !== null));
  return [...graph.inputs, ...graph.initializers, ...computed];
}
