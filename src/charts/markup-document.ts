import { printableText } from '../printable.ts';

/** An element of a chart. Text that is appended is escaped. */
export interface ChartElement {
  getAttribute(name: string): string | null;
  removeAttribute(name: string): void;
  setAttribute(name: string, value: string): void;
  append(...children: readonly unknown[]): void;
}

/** The part of a DOM document that makes the elements of charts: a browser's document has it, too. */
export interface ChartDocument<E extends ChartElement = ChartElement> {
  createElementNS(namespace: string, name: string): E;
}

/** An element whose markup can be read. */
export interface MarkupElement extends ChartElement {
  readonly outerHTML: string;
}

interface MarkupDocument extends ChartDocument<MarkupElement> {
  /** Names the document in which d3 creates elements. */
  readonly documentElement: { readonly ownerDocument: MarkupDocument };
}

/** A document for places without a DOM: it has the methods that Observable Plot and charts call, and writes HTML. */
export const markupDocument = (): MarkupDocument => {
  const ownerDocument: MarkupDocument = {
    createElementNS: (namespaceURI, name) => elementOf(name, { namespaceURI, ownerDocument }),
    get documentElement() {
      return { ownerDocument };
    },
  };
  return ownerDocument;
};

interface ElementOrigin {
  readonly namespaceURI: string;
  readonly ownerDocument: MarkupDocument;
}

function elementOf(name: string, origin: ElementOrigin): MarkupElement {
  const attributes = new Map<string, string>();
  let children: unknown[] = [];
  return {
    ...origin,
    setAttribute: (attribute: string, value: unknown) => attributes.set(attribute, shortText(value)),
    getAttribute: (attribute: string) => attributes.get(attribute) ?? null,
    removeAttribute: (attribute: string) => attributes.delete(attribute),
    append: (...added: readonly unknown[]) => children.push(...added),
    appendChild(child: unknown) {
      children.push(child);
      return child;
    },
    insertBefore(child: unknown, next: unknown) {
      const at = children.indexOf(next);
      children.splice(at < 0 ? children.length : at, 0, child);
      return child;
    },
    get children() {
      return children.filter((child) => typeof child === 'object');
    },
    set textContent(text: unknown) {
      children = [String(text)];
    },
    get outerHTML() {
      const written = [...attributes].map(([attribute, value]) => ` ${attribute}="${escapeMarkup(value)}"`);
      return `<${name}${written.join('')}>${children.map(markupOf).join('')}</${name}>`;
    },
  } as MarkupElement;
}

const markupOf = (child: unknown): string =>
  typeof child === 'object' ? (child as MarkupElement).outerHTML : escapeMarkup(String(child));

/** Coordinates are written to a hundredth of a pixel. */
const shortText = (value: unknown): string =>
  typeof value === 'number' ? String(Math.round(100 * value) / 100) : String(value);

/** Text with the characters escaped that have a meaning in markup, or in a terminal. */
export const escapeMarkup = (text: string): string =>
  printableText(text).replace(/[&<>"']/g, (character) => entities[character]!);

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
