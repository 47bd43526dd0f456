import type { PlotOptions } from '@observablehq/plot';

/** Values drawn as a picture, with the same values as a table. */
export interface Chart {
  readonly title: string;
  /** What the picture shows, for people who cannot see it. */
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  /** Pictures side by side; usually one. */
  readonly plots: readonly ChartPlot[];
  readonly table: ChartTable;
}

/** A chart without values: a sentence that says so. */
export interface EmptyChart {
  readonly title: string;
  readonly empty: string;
}

export interface ChartPlot {
  /** Shown above the picture. */
  readonly caption?: string;
  options(frame: PlotFrame): PlotOptions;
}

export interface PlotFrame {
  /** In pixels. */
  readonly width: number;
  /** Whether tooltips follow the pointer; else they are native ones, without a script. */
  readonly tip: boolean;
}

export interface LegendEntry {
  readonly name: string;
  readonly key: LegendKey;
  /** Such as the last value of a line. */
  readonly value?: string;
}

/** A colour of the series, or another mark: see the style sheet. */
export type LegendKey = SeriesTone | 'bar' | 'pale' | 'pale-dot' | 'tick' | 'range' | 'dashed';

/** The custom properties `--chart-1` to `--chart-4`. */
export type SeriesTone = (typeof tones)[number];

const tones = [1, 2, 3, 4] as const;

/** The number of lines with different colours. */
export const toneCount = tones.length;

/** The colour of a series by its index. */
export const toneOf = (index: number): SeriesTone => tones[index % tones.length]!;

/** A colour as CSS. */
export const colorOf = (key: Exclude<LegendKey, 'bar'>): string => `var(--chart-${key})`;

export interface ChartTable {
  /** The first column names the row; the others have numbers. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** An axis: its label with the unit, and how its values are written. */
export interface Axis {
  readonly label: string;
  readonly format: (value: number) => string;
  /** Formats ticks; default: as values. */
  readonly formatTick?: (value: number) => string;
  readonly scale?: 'linear' | 'log';
  /** Values that the axis must include. */
  readonly include?: readonly number[];
}

/** Options of a scale that all charts share: a label without arrow, ticks in the axis' format. */
export const scaleOf = ({ label, format, formatTick = format, scale = 'linear' }: Axis) => ({
  label,
  type: scale,
  labelArrow: 'none' as const,
  tickFormat: formatTick,
});
