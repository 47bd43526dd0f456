import { type Costs, makeRunRecord, renderReport } from 'espalier/core';
import type { Session } from '../session.ts';

/** The report of a version beside the dropped file, as one HTML page. */
export async function reportOf(session: Session, id: number): Promise<string> {
  const { versions, name, tools } = session;
  const version = session.version(id);
  const steps = versions.slice(0, versions.indexOf(version) + 1).flatMap(({ step }) => step ?? []);
  const recipe = {
    command: 'run',
    options: { model: [`${name}-recipe.json`, `${name}.onnx`] },
    ...tools.surroundings,
    started: new Date().toISOString(),
  };
  const [before, after] = [session.version(0).costs, version.costs];
  const leftAlone = steps.flatMap((step) => step.leftAlone);
  return renderReport(
    makeRunRecord(recipe, [
      { type: 'result', before: measuresOf(before), after: measuresOf(after) },
      { type: 'layers', before: before.layers, after: after.layers },
      { type: 'left-alone', layers: leftAlone },
      { type: 'prune-groups', groups: steps.findLast(({ groups }) => groups.length > 0)?.groups ?? [] },
    ]),
  );
}

const measuresOf = ({ macs, parameters, bytes }: Costs) => ({ macs, parameters, bytes });
