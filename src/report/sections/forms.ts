import { barChart } from '../../charts/bars.ts';
import { formatMacs, formatMs, formatPercent, formatRatio } from '../../numeric/quantities.ts';
import { msAxis } from '../axes.ts';
import {
  type DeploymentPoint,
  denseForm,
  type FormsOfLayer,
  hadChoice,
  otherForms,
  shippedForm,
} from '../deployment.ts';
import { figure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import { speedText } from '../latency.ts';
import { agreementText } from '../output-agreement.ts';
import type { RunRecord } from '../run-record.ts';

/**
 * The chosen form of each layer with dead stripes and its speed-up, and the overall speed-up relative to the reduction of
 * MACs.
 */
export function formsSection({ deployment }: RunRecord): Html | null {
  if (!deployment) return null;
  const { layers } = deployment;
  const tried = layers.filter(hadChoice);
  const dense = layers.filter((layer) => !hadChoice(layer));
  return html`<section><h2>Forms</h2>
<p class="lead">How each convolution with zero stripes is computed. Forms were timed within a network, in ${deployment.engine} on
${deployment.threads} thread${deployment.threads !== 1 && 's'}; the choice was made by the time of the whole network.</p>
${layers.length === 0 && html`<p>No convolution has a zero stripe.</p>`}${tried.length > 0 && chart(tried)}${dense.length > 0 && untried(dense)}${network(deployment)}</section>`;
}

function chart(layers: readonly FormsOfLayer[]): Html {
  const bars = layers.map((layer) => {
    const [dense, shipped] = [denseForm(layer), shippedForm(layer)];
    return {
      name: `${layer.name}: ${layer.form}`,
      before: dense.ms,
      after: shipped.ms,
      note: formatRatio(dense.ms / shipped.ms),
      others: otherForms(layer).map(({ form, ms }) => ({ name: form, value: ms })),
      more: [formatPercent(shipped.macs / dense.macs, 0)],
    };
  });
  const names = {
    row: 'layer and form',
    before: 'dense',
    after: 'chosen form',
    note: 'speed-up',
    others: 'other forms that were timed',
    more: ['MACs'],
  };
  return figure(barChart({ title: 'Time of each layer', axis: msAxis('time'), bars, names }), 'page');
}

const untried = (layers: readonly FormsOfLayer[]): Html =>
  html`<p>${layers.length === 1 ? 'One layer remains' : `${layers.length} layers remain`} dense, because no other form is predicted to be faster: ${layers.map(({ name }) => name).join(', ')}.</p>`;

function network({ macs, latency, quotient, int8 }: DeploymentPoint): Html {
  return html`<dl><dt>Expected speed-up</dt><dd>${formatRatio(macs.before / macs.live)}: ${formatMacs(macs.live)} of ${formatMacs(macs.before)} belong to non-zero stripes; the chosen forms compute ${formatMacs(macs.after)}</dd>
<dt>Latency</dt><dd>${formatMs(latency.before)} → ${formatMs(latency.after)}, ${speedText(latency)}: the shortest samples of both, and the middle half of the ratios of samples</dd>
<dt>Reached</dt><dd>${formatPercent(quotient, 0)} of the expected speed-up</dd>${int8 && integers(int8)}</dl>`;
}

function integers({
  layers,
  top1,
  ms,
  ratio,
  ratioSpread,
  sameClass,
  images,
  outputs,
}: NonNullable<DeploymentPoint['int8']>): Html {
  const same =
    sameClass === null ? [] : [`same class for ${formatPercent(sameClass, 1)} of ${images} images`];
  const accuracy = top1 ? [`top-1 ${formatPercent(top1.float)} → ${formatPercent(top1.int8)}`] : [];
  const each = outputs.length > 0 ? outputs.map((output) => agreementText(output, images)) : same;
  return html`
<dt>In 8 bits</dt><dd>${layers} layer${layers !== 1 && 's'}; ${[...accuracy, ...each].join('; ')}</dd>
<dt></dt><dd>${formatMs(ms.float)} → ${formatMs(ms.int8)} (medians in onnxruntime in Node): ${speedText({ ratio, ratioSpread })}</dd>`;
}
