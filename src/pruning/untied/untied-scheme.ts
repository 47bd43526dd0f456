import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { costingOf, type GradualScheme, lossReads } from '../gradual/scheme.ts';
import type { RetrainingJob } from '../iterative/job.ts';
import { untiedCosts } from './untied-costs.ts';
import { carriesOnly, finishedNetwork, prepareUntied } from './untied-network.ts';
import { untiedSets } from './untied-sets.ts';

/**
 * Prunes each layer of a residual network independently: training keeps the residual connections, and the result is written
 * as an equivalent plain network. Throws `unsupported` if no residual connection can be removed.
 */
export async function untiedScheme(network: Graph, job: RetrainingJob): Promise<GradualScheme> {
  const { executor, original, settings } = job;
  const untied = await prepareUntied(network, executor, original);
  const { prepared, blocks, refusals } = untied;
  if (blocks.length === 0) {
    const [first] = refusals;
    const reason = first ? `${first.where}: ${first.reason}` : 'the network has none';
    throw new EspalierError('unsupported', `expected residual connections that can be removed: ${reason}`);
  }
  for (const { where, reason } of refusals)
    job.onWarning?.(`${where} keeps its residual connection: ${reason}`);
  const isCarrying = carriesOnly(untied);
  const dirac = new Set(
    prepared.graph.nodes.flatMap(({ name, inputs }) => (isCarrying(name) ? inputs[1]!.name : [])),
  );
  const sets = untiedSets(untied, lossReads(prepared.graph, job));
  const { carried } = settings;
  return {
    prepared,
    sets,
    costs: await untiedCosts(untied, { ...costingOf(job), carried, sets, original, executor }),
    freezes: ({ value }) => dirac.has(value.name),
    finish: (trained) => finishedNetwork(trained, untied),
  };
}
