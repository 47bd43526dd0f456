import { EspalierError } from '../../errors.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { matcherOf } from '../../graph/name-globs.ts';

/** The output with a name. Throws `usage` with a list of all names. */
export function namedOutput({ outputs }: Graph, name: string, option: string): Value {
  const found = outputs.find((value) => value.name === name);
  if (found) return found;
  const names = outputs.map((value) => value.name);
  matcherOf([name], names, { option, what: 'output' });
  throw new EspalierError('usage', `${option}: expected the name of one output, found ${name}`);
}

/** The outputs that match the globs; all outputs if there are none. Throws `usage` for a glob that matches nothing. */
export function chosenOutputs({ outputs }: Graph, globs: readonly string[] | undefined): Value[] {
  if (!globs) return outputs;
  const names = outputs.map(({ name }) => name);
  const isNamed = matcherOf(globs, names, { option: '`outputs`', what: 'output' });
  return outputs.filter(({ name }) => isNamed(name));
}
