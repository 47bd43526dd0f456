import type { DeployedLayer, Deployment } from '../../deploy/deploy.ts';
import { formatMacs, formatMs, formatPercent, formatRatio } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import { denseForm, hadChoice, otherFormTexts, shippedForm } from '../../report/deployment.ts';
import { speedText } from '../../report/latency.ts';
import { textTable } from '../../report/text-table.ts';

type Facts = Omit<Deployment, 'graph'>;

/** Describes a deployment: a table of the layers, and the overall speed-up. */
export function describeDeployment(facts: Facts): string {
  const { layers, shortcuts, leftAlone, macs, latency, quotient, error, multiple } = facts;
  const tried = layers.filter(hadChoice);
  const untried = layers.length - tried.length;
  return [
    ...(tried.length === 0 ? [] : [layerTable(tried), '']),
    ...(untried === 0 ? [] : [`${untriedText(untried)}: no other form is predicted to be faster`]),
    `MACs     ${formatMacs(macs.before)} → ${formatMacs(macs.live)} non-zero (${formatPercent(macs.live / macs.before, 1)}), ${formatMacs(macs.after)} computed`,
    `latency  ${formatMs(latency.before)} → ${formatMs(latency.after)}, ${speedText(latency)}: ${formatPercent(quotient, 0)} of the speed-up that the non-zero MACs suggest`,
    ...shortcuts.map(({ add, form }) => printableLine(`shortcut ${add}: ${form}`)),
    ...(multiple > 1 ? [`widths   padded to multiples of ${multiple}`] : []),
    ...leftAlone.map(({ where, reason }) => printableLine(`left alone  ${where}: ${reason}`)),
    error === null ? 'not verified' : `verified, relative error ${error.toExponential(1)}`,
  ].join('\n');
}

const untriedText = (layers: number): string =>
  layers === 1
    ? '1 layer with zero stripes remains dense'
    : `${layers} layers with zero stripes remain dense`;

const layerTable = (layers: readonly DeployedLayer[]): string =>
  textTable(layers, [
    { head: 'layer', cell: ({ name }) => name },
    { head: 'form', cell: ({ form }) => form },
    { head: 'dense', cell: (layer) => formatMs(denseForm(layer).ms), align: 'right' },
    { head: 'chosen form', cell: (layer) => formatMs(shippedForm(layer).ms), align: 'right' },
    {
      head: 'speed',
      cell: (layer) => formatRatio(denseForm(layer).ms / shippedForm(layer).ms),
      align: 'right',
    },
    {
      head: 'MACs',
      cell: (layer) => formatPercent(shippedForm(layer).macs / denseForm(layer).macs, 0),
      align: 'right',
    },
    { head: 'other forms', cell: (layer) => otherFormTexts(layer).join(', ') },
  ]);
