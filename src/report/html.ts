import { escapeMarkup } from '../charts/markup-document.ts';

/** Markup that can be inserted into a page without escaping. */
export interface Html {
  readonly html: string;
}

type Content = string | number | Html | null | undefined | false | readonly Content[];

/** A template that escapes interpolated text, but not markup made by this function. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { html: strings.reduce((page, text, i) => page + render(values[i - 1]) + text) };
}

/** Declares text as markup. Never use it for text from a model. */
export const trusted = (markup: string): Html => ({ html: markup });

function render(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(render).join('');
  if (typeof value === 'object') return (value as Html).html;
  return escapeMarkup(String(value));
}
