import { expect, it } from 'vitest';
import { matcherOf, nameMatcher } from '../../src/graph/name-globs.ts';

const names = ['/layer1/conv1', '/layer1/conv2', '/layer2/conv1', 'conv_preds', 'a[0]'];
const use = { option: '--exclude', what: 'layer' };

it.each([
  ['/layer1/*', ['/layer1/conv1', '/layer1/conv2']],
  ['*conv1', ['/layer1/conv1', '/layer2/conv1']],
  ['conv_preds', ['conv_preds']],
  ['a[0]', ['a[0]']],
  ['conv', []],
])('%s names %j, wherever a name stands in a list', (glob, expected) => {
  // filter hands over the index and the list, too.
  expect(names.filter(nameMatcher(glob))).toEqual(expected);
});

it('refuses each glob that names nothing, with the names that are near', () => {
  const message =
    '--exclude: no layer is named conv_pred (did you mean conv_preds?), expected one of conv_preds, ';
  expect(() => matcherOf(['*conv1', 'conv_pred'], names, use)).toThrow(message);
  expect(() => matcherOf(['layer3*'], [], use)).toThrow('no layer is named layer3*, the network has none');
});

it('lists no more names than can be read, those with a part of the glob first', () => {
  const many = [...Array.from({ length: 40 }, (_, i) => `stage${i}`), 'head/conv'];
  expect(() => matcherOf(['head/convolution/*'], many, use)).toThrow(
    /expected one of head\/conv, stage0, .*stage6 and 33 more$/,
  );
});
