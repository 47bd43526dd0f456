import axe from 'axe-core';
import type { Page } from 'puppeteer-core';

/** The accessibility rules of axe that a page breaks, with the elements. */
export const violations = async (page: Page): Promise<string[]> =>
  (await page.evaluate(
    `${axe.source};axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
  )) as string[];
