import { formatDuration } from '../../numeric/quantities.ts';
import { type Html, html, trusted } from '../html.ts';
import type { RunRecord } from '../run-record.ts';

/** The title of the page, by command. */
const titles: Readonly<Record<string, string>> = {
  train: 'Trained',
  swp: 'Filter shapes learned',
  deploy: 'Deployed',
  run: 'A recipe, step by step',
};

/** Command, date and duration of the run. */
export function headerSection({ recipe, epochs }: RunRecord): Html {
  const { model = 'network', data } = recipe.options as { model?: string | string[]; data?: string };
  const seconds = epochs.reduce((sum, epoch) => sum + (epoch.seconds ?? 0), 0);
  const facts = [
    titles[recipe.command] ?? recipe.command,
    data && `on ${data}`,
    day(recipe.started),
    epochs.length > 0 &&
      `${epochs.length} epoch${epochs.length === 1 ? '' : 's'} in ${formatDuration(seconds)}`,
  ].filter((fact): fact is string => !!fact);
  return html`<header>${trusted(espalierTree())}<div><p class="brand">espalier</p><h1>${shortName([model].flat().at(-1)!)}</h1>
<p class="facts">${facts.map((fact, i) => html`${i > 0 && ' · '}<span>${fact}</span>`)}</p></div></header>`;
}

/** The file name, with its folder if the name is one that Espalier gives to every result. */
function shortName(model: string): string {
  const parts = model.split(/[\\/]/).filter((part) => part !== '');
  return parts.slice(parts.at(-1) === 'model.onnx' ? -2 : -1).join('/');
}

function day(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : date.toISOString().slice(0, 16).replace('T', ', ');
}

/** The logo: a trunk, three tiers, leaves. */
function espalierTree(): string {
  const tiers = [
    { y: 70, reach: 50 },
    { y: 47, reach: 43 },
    { y: 24, reach: 35 },
  ];
  const branches = tiers.flatMap(({ y, reach }) => [-1, 1].map((side) => branch(60, y, side * reach)));
  const leaves = tiers.flatMap(({ y, reach }) =>
    [-1, 1].flatMap((side) =>
      [0.42, 0.7, 0.98].map((part, i) => leaf(60 + side * reach * part, y - 1, side * (i % 2 ? 34 : -26))),
    ),
  );
  return `<svg class="motif" viewBox="0 0 120 100" aria-hidden="true"><path class="wood" d="M60 97V16"/>${branches.join('')}<path class="ground" d="M34 97h52"/>${leaves.join('')}${leaf(60, 17, 0)}</svg>`;
}

const branch = (x: number, y: number, reach: number): string =>
  `<path class="wood thin" d="M${x} ${y + 14}C${x + reach * 0.12} ${y + 3} ${x + reach * 0.25} ${y} ${x + reach * 0.45} ${y}H${x + reach}"/>`;

const leaf = (x: number, y: number, turn: number): string =>
  `<path class="leaf" transform="translate(${x.toFixed(1)} ${y}) rotate(${turn})" d="M0 0C-4.6-3.4-4.6-8.6 0-13C4.6-8.6 4.6-3.4 0 0Z"/>`;
