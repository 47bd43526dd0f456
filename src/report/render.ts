import type { RunRecord } from './run-record.ts';

/**
 * A run as one self-contained HTML page, without scripts, fonts or requests.
 *
 * @example
 * const html = await renderReport(readRunRecord('runs/first'));
 */
export async function renderReport(record: RunRecord): Promise<string> {
  // Loaded late, with the library that draws the charts.
  const { renderRun } = await import('./page.ts');
  return renderRun(record);
}
