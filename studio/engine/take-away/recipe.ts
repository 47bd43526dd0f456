import type { Session } from '../session.ts';
import type { Step, Version } from '../types.ts';

/** The steps that lead from the dropped file to a version, as a recipe for `espalier run RECIPE MODEL`. */
export function recipeOf(session: Session, id: number): string {
  const steps = stepsTo(session, session.version(id));
  const named = steps.map((step, i) => ({ ...step, name: `${step.do}-${i + 1}` }));
  const recipe = {
    name: session.name,
    description: descriptionOf(steps),
    out: `runs/${session.name}`,
    steps: named.map(({ name, do: command, options }, i) => ({
      ...{ do: command, name },
      model: i === 0 ? '$in' : `$${named[i - 1]!.name}/model.onnx`,
      options,
    })),
  };
  return `${JSON.stringify(recipe, null, 2)}\n`;
}

/** The steps up to a version, oldest first. Throws `usage` for the dropped file, which has none. */
function stepsTo({ versions }: Session, version: Version): Step[] {
  return versions.slice(0, versions.indexOf(version) + 1).flatMap(({ step }) => step ?? []);
}

function descriptionOf(steps: readonly Step[]): string {
  const folder = steps.map(({ options }) => options.data).find((data) => data !== undefined);
  const images = folder === undefined ? '' : `; put the images into the folder ${folder}`;
  return `made with Espalier's studio; the dropped file is the model: espalier run RECIPE MODEL${images}`;
}
