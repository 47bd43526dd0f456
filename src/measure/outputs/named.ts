import picomatch from 'picomatch';
import { EspalierError } from '../../errors.ts';
import type { Graph, Value } from '../../graph/graph.ts';
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
  const matchers = globs.map((glob) => {
    const match = picomatch(glob, { bash: true, dot: true });
    const matches = ({ name }: Value) => name === glob || match(name);
    if (graph.outputs.some(matches)) return matches;
    throw noSuchOutput(graph, glob, '--outputs');
  });
  return graph.outputs.filter((value) => matchers.some((matches) => matches(value)));
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
