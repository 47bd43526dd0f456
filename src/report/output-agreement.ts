import { formatPercent } from '../numeric/quantities.ts';

/** The agreement of two networks on one output. */
interface AgreedOutput {
  readonly name: string;
  readonly error: number;
  readonly same: { readonly of: 'images' | 'pixels' | 'elements'; readonly part: number } | null;
}

/** `mask: same class for 99.1 % of the pixels of 32 images, error 2.1 %`. */
export function agreementText({ name, same, error }: AgreedOutput, images: number): string {
  if (!same) return `${name}: error ${formatPercent(error, 1)}`;
  const of = same.of === 'images' ? `${images} images` : `the ${same.of} of ${images} images`;
  const what = same.of === 'elements' ? 'value' : 'class';
  const text = `${name}: same ${what} for ${formatPercent(same.part, 1)} of ${of}`;
  return same.of === 'elements' ? text : `${text}, error ${formatPercent(error, 1)}`;
}
