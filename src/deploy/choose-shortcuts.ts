import { digest, rank, timedGraph } from '../measure/timer.ts';
import { serializeModel } from '../onnx/index.ts';
import type { LayerTiming } from './candidates.ts';
import type { Prepared } from './prepare.ts';
import { type ShortcutForm, selectingShortcuts, withShortcutForms } from './shortcut-forms.ts';

/** A shortcut that only selects channels, in its chosen form. */
export interface DeployedShortcut {
  readonly add: string;
  readonly form: ShortcutForm;
}

type Forms = ReadonlyMap<string, ShortcutForm>;

/**
 * Times the forms of shortcuts that only select channels, within the whole network: all blocks in one form first, then block by block
 * in the others.
 */
export async function chooseShortcuts(
  prepared: Prepared,
  { timer, size }: Pick<LayerTiming, 'timer' | 'size'>,
): Promise<{ readonly prepared: Prepared; readonly shortcuts: readonly DeployedShortcut[] }> {
  const found = selectingShortcuts(prepared.graph);
  if (found.length === 0) return { prepared, shortcuts: [] };
  const quickest = async (candidates: readonly Forms[]): Promise<Forms> => {
    const models = candidates.map((forms) => timedGraph(withShortcutForms(prepared.graph, forms), { size }));
    const { best, settled } = await rank(await Promise.all(models), timer);
    return candidates[settled ? best : 0]!;
  };
  const alike = ([0, -1] as const).map((at) => new Map(found.map(({ add, forms }) => [add, forms.at(at)!])));
  let chosen: Forms = await quickest(alike);
  for (const { add, forms } of found) {
    const others = forms.filter((form) => form !== chosen.get(add));
    chosen = await quickest([chosen, ...others.map((form) => new Map([...chosen, [add, form]]))]);
  }
  const graph = withShortcutForms(prepared.graph, chosen);
  return {
    prepared: { ...prepared, graph, digest: await digest(serializeModel(graph)) },
    shortcuts: found.map(({ add }) => ({ add, form: chosen.get(add)! })),
  };
}
