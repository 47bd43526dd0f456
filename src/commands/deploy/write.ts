import { namedReasons } from '../../graph/edit/refused.ts';
import {
  type DeployedNetworks,
  type DeploymentFacts,
  deploymentPoint,
  measuredDeployment,
} from '../../report/deployed-network.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import { finishRun } from '../training/result.ts';
import { writeModel } from '../write-model.ts';
import type { DeploySettings } from './flags.ts';

interface DeploymentRun {
  /** null if only a file is written. */
  readonly run: RunDirectory | null;
  readonly settings: DeploySettings;
  readonly facts: DeploymentFacts;
}

/** Writes the network, with the record of the run if there is one. Returns the path of the model. */
export async function writeDeployment(
  networks: DeployedNetworks,
  { run, settings: { out, size }, facts }: DeploymentRun,
): Promise<string> {
  if (!run) {
    await writeModel(networks.graph, out!);
    return out!;
  }
  run.record({ type: 'left-alone', layers: namedReasons(facts.leftAlone) });
  run.record(deploymentPoint(facts));
  return finishRun({ run }, measuredDeployment(networks, facts, size));
}
