import { printableText } from '../printable.ts';
/** Markup that is safe to put into a page. */
export interface Html {
  readonly html: string;
}

type Content = string | number | Html | null | undefined | false | readonly Content[];

/** A template whose interpolated text is escaped; markup, made by this very function, is not. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { html: strings.reduce((page, text, i) => page + render(values[i - 1]) + text) };
}

/** Text that is markup already. Never for text that comes from a model. */
export const trusted = (markup: string): Html => ({ html: markup });

function render(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(render).join('');
  if (typeof value === 'object') return (value as Html).html;
  return printableText(String(value)).replace(/[&<>"']/g, (character) => entities[character]!);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
