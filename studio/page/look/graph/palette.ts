/** The colours of the drawing, which follow the style sheet of the page. */
export interface Palette {
  readonly page: string;
  readonly surface: string;
  readonly ink: string;
  readonly quiet: string;
  readonly rule: string;
  readonly edge: string;
  readonly accent: string;
  readonly wash: string;
  readonly font: string;
  /** The value of a custom property. */
  property(name: string): string;
}

/** Reads the colours that apply to an element. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const property = (name: string) => style.getPropertyValue(name).trim();
  return {
    page: property('--page'),
    surface: property('--surface'),
    ink: property('--ink'),
    quiet: property('--quiet'),
    rule: property('--rule-strong'),
    edge: property('--edge'),
    accent: property('--accent'),
    wash: property('--accent-wash'),
    font: style.fontFamily,
    property,
  };
}
