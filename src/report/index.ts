export { readRunRecord } from './read-run-record.ts';
export { renderReport } from './render.ts';
export { type LayerPoint, makeRunRecord, type NetworkMeasures } from './run-record.ts';
export { shapePicture } from './shape-picture.ts';

/** A run of a recipe as one HTML page: the result of each step, with a link to its report. */
export async function renderSteps(path: string): Promise<string> {
  const { renderRecipeRun } = await import('./steps-page.ts');
  return renderRecipeRun(path);
}
