import { EspalierError } from '../../errors.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { matcherOf } from '../../graph/name-globs.ts';
import { closestName } from '../../suggest.ts';

/** The output of a name; throws `usage` that lists the names there are. */
export function namedOutput(graph: Graph, name: string, flag: string): Value {
  const found = graph.outputs.find((value) => value.name === name);
  if (found) return found;
  throw noSuchOutput(graph, name, flag);
}

/** The outputs that globs name, all of them where there are none; throws `usage` for a glob that names none. */
export function chosenOutputs(graph: Graph, globs: readonly string[] | undefined): Value[] {
  if (!globs) return graph.outputs;
  const names = graph.outputs.map(({ name }) => name);
  const matches = matcherOf(globs, names, { option: '--outputs', what: 'output' });
  return graph.outputs.filter(({ name }) => matches(name));
}

const SHOWN = 8;

function noSuchOutput({ outputs }: Graph, wanted: string, flag: string): EspalierError {
  const names = outputs.map(({ name }) => name);
  const near = closestName(wanted, names);
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  const known = `expected one of ${names.slice(0, SHOWN).join(', ')}${more}`;
  return new EspalierError(
    'usage',
    `${flag}: no output is named ${wanted}${near ? ` (did you mean ${near}?)` : ''}, ${known}`,
  );
}
