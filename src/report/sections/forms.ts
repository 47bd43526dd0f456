import {
  type DeploymentPoint,
  denseForm,
  type FormsOfLayer,
  hadChoice,
  otherForms,
  otherFormTexts,
  shippedForm,
} from '../deployment.ts';
import { type Html, html } from '../html.ts';
import { speedText } from '../latency.ts';
import { agreementText, formatMacs, formatMs, formatPercent, formatRatio } from '../quantities.ts';
import type { RunRecord } from '../run-record.ts';
import { linearScale } from '../scale.ts';

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
${layers.length === 0 && html`<p>No convolution has a zero stripe.</p>`}${tried.length > 0 && table(tried)}${dense.length > 0 && untried(dense)}${network(deployment)}</section>`;
}

function table(layers: readonly FormsOfLayer[]): Html {
  const longestMs = Math.max(...layers.flatMap((layer) => [denseForm(layer).ms, shippedForm(layer).ms]));
  return html`<ul class="legend"><li><span class="key dead"></span>dense</li><li><span class="key leaf"></span>chosen form</li><li><span class="key tick"></span>other forms that were timed</li></ul>
<table class="layers forms"><thead><tr><th>layer</th><th>form</th><th>time</th><th class="number more">dense</th><th class="number">chosen form</th><th class="number">speed</th><th class="number more">MACs</th><th class="more">other forms</th></tr></thead>
<tbody>${layers.map((layer) => row(layer, longestMs))}</tbody></table>`;
}

function row(layer: FormsOfLayer, longestMs: number): Html {
  const [dense, shipped] = [denseForm(layer), shippedForm(layer)];
  return html`<tr><th scope="row">${layer.name}</th><td>${layer.form}</td><td class="bar">${bars(layer, longestMs)}</td><td class="number more">${formatMs(dense.ms)}</td><td class="number">${formatMs(shipped.ms)}</td><td class="number">${formatRatio(dense.ms / shipped.ms)}</td><td class="number more">${formatPercent(shipped.macs / dense.macs, 0)}</td><td class="more">${others(layer)}</td></tr>`;
}

const others = (layer: FormsOfLayer): Html[] =>
  otherFormTexts(layer).map((text, i) => html`${i > 0 && ', '}<span>${text}</span>`);

/** The dense time as a pale bar, the chosen form's as a solid bar, a tick for each other form; one scale for all layers. */
function bars(layer: FormsOfLayer, longestMs: number): Html {
  const x = linearScale(0, longestMs, [0, 100]);
  const bar = (ms: number) => x.at(ms).toFixed(2);
  const told = layer.forms.map(({ form, ms }) => `${form} ${formatMs(ms)}`).join(', ');
  const ticks = otherForms(layer)
    .filter(({ ms }) => ms <= longestMs)
    .map(({ ms }) => html`<line class="other" x1="${bar(ms)}" x2="${bar(ms)}" y1="0" y2="14"/>`);
  return html`<svg viewBox="0 0 100 14" preserveAspectRatio="none" role="img"><title>${`${layer.name}: ${told}; shipped: ${layer.form}`}</title><rect class="dead" y="2" width="${bar(denseForm(layer).ms)}" height="10"/><rect class="live" y="2" width="${bar(shippedForm(layer).ms)}" height="10"/>${ticks}</svg>`;
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
