import { type Expectation, type ExpectedLayer, expectForms } from '../../deploy/expect.ts';
import { namedReasons } from '../../graph/edit/refused.ts';
import { formatMacs, formatMs, formatPercent, formatRatio } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import { hadChoice } from '../../report/deployment.ts';
import { textTable } from '../../report/text-table.ts';
import { defaultExecutor } from '../../runtime/default-executor.ts';
import type { Context, Output } from '../command.ts';
import { inputOptions } from '../input-flags.ts';
import { loadModel } from '../model.ts';
import type { DeploySettings } from './flags.ts';

/** Prints what deploying would time, with predicted times. */
export async function deploymentPlanOutput(settings: DeploySettings, context: Context): Promise<Output> {
  const { model, size } = settings;
  const { graph } = await loadModel(model, context, inputOptions(settings));
  const expectation = await expectForms(graph, { executor: await defaultExecutor(), size });
  const leftAlone = namedReasons(expectation.leftAlone);
  return { data: { plan: true, ...expectation, leftAlone }, text: describe(expectation) };
}

function describe({ layers, leftAlone, macs }: Expectation): string {
  const tried = layers.filter(hadChoice);
  const dense = layers.filter((layer) => !hadChoice(layer)).map(({ name }) => name);
  return [
    ...(tried.length === 0 ? [] : [formTable(tried), '']),
    ...(dense.length === 0
      ? []
      : [printableLine(`dense, because no other form is predicted to be faster: ${dense.join(', ')}`)]),
    `MACs     ${formatMacs(macs.before)}, of which ${formatMacs(macs.live)} are non-zero (${formatPercent(macs.live / macs.before, 1)}): at best ${formatRatio(macs.before / macs.live)} as fast`,
    ...leftAlone.map(({ where, reason }) => printableLine(`left alone  ${where}: ${reason}`)),
    layers.length === 0
      ? 'no convolution has a zero stripe'
      : 'predicted for one core with AVX-512 in onnxruntime; nothing was measured or written',
  ].join('\n');
}

/** One row per form; the first row of a layer has its name. */
const formTable = (layers: readonly ExpectedLayer[]): string =>
  textTable(
    layers.flatMap(({ name, forms }) =>
      forms.map((form, i) => ({ ...form, layer: i === 0 ? name : '', dense: forms[0]! })),
    ),
    [
      { head: 'layer', cell: ({ layer }) => layer },
      { head: 'form', cell: ({ form }) => form },
      { head: 'expected', cell: ({ expectedMs }) => formatMs(expectedMs), align: 'right' },
      {
        head: 'speed',
        cell: ({ expectedMs, dense }) => formatRatio(dense.expectedMs / expectedMs),
        align: 'right',
      },
      { head: 'MACs', cell: ({ macs }) => formatMacs(macs), align: 'right' },
      {
        head: 'fraction of dense',
        cell: ({ macs, dense }) => formatPercent(macs / dense.macs, 0),
        align: 'right',
      },
    ],
  );
