import type { ComponentType } from 'preact';
import { lazy } from 'preact/compat';

/** A view of the page, behind a tab. Its code is loaded when it is first shown. */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly View: ComponentType;
}

/** The views in the order of their tabs. */
export const views: readonly View[] = [
  { name: 'look', title: 'Look', View: lazy(async () => (await import('./look/view.tsx')).LookView) },
  { name: 'prune', title: 'Prune', View: lazy(async () => (await import('./prune/view.tsx')).PruneView) },
  {
    name: 'transform',
    title: 'Transform',
    View: lazy(async () => (await import('./transform/view.tsx')).TransformView),
  },
  {
    name: 'measure',
    title: 'Measure',
    View: lazy(async () => (await import('./measure/view.tsx')).MeasureView),
  },
  { name: 'runs', title: 'Runs', View: lazy(async () => (await import('./runs/view.tsx')).RunsView) },
];

/** The view with a name. */
export const viewNamed = (name: string): View => views.find((view) => view.name === name) ?? views[0]!;
