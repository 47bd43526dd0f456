import { chartStyle } from '../charts/style.ts';
import { type Html, html, trusted } from './html.ts';
import type { RunRecord } from './run-record.ts';
import { curvesSection } from './sections/curves.ts';
import { formsSection } from './sections/forms.ts';
import { graftingSection } from './sections/grafting.ts';
import { headerSection } from './sections/header.ts';
import { kernelsSection } from './sections/kernels.ts';
import { layersSection, leftAloneSection } from './sections/layers.ts';
import { outputsSection } from './sections/outputs.ts';
import { pruningSection, widthsSection } from './sections/pruning.ts';
import { rangeTestSection } from './sections/range-test.ts';
import { runSection } from './sections/run.ts';
import { sensitivitySection } from './sections/sensitivity.ts';
import { shapesSection } from './sections/shapes.ts';
import { summarySection } from './sections/summary.ts';
import { style } from './style.ts';

/** The sections in reading order; a section is omitted if the record has no data for it. */
const sections: readonly ((record: RunRecord) => Html | null)[] = [
  headerSection,
  summarySection,
  formsSection,
  kernelsSection,
  pruningSection,
  outputsSection,
  sensitivitySection,
  graftingSection,
  rangeTestSection,
  curvesSection,
  shapesSection,
  widthsSection,
  layersSection,
  leftAloneSection,
  runSection,
];

/** The page about a run. */
export function renderRun(record: RunRecord): string {
  const title =
    `espalier ${record.recipe.command} ${[record.recipe.options.model ?? ''].flat().join(' ')}`.trim();
  return pageOf(
    title,
    sections.map((section) => section(record)),
  );
}

/** A page of sections, in the style of all reports. */
export function pageOf(title: string, parts: readonly (Html | null)[]): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(chartStyle + style)}</style>
</head>
<body>
<main>
${parts}
</main>
</body>
</html>
`;
  return page.html;
}
