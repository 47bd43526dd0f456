import { describe, expect, it } from 'vitest';
import { barChart } from '../../src/charts/bars.ts';
import { curvesChart } from '../../src/charts/curves.ts';
import { lineChart } from '../../src/charts/lines.ts';
import { paretoFront, scatterChart } from '../../src/charts/scatter.ts';
import { spreadChart } from '../../src/charts/spread-bars.ts';
import { cellsOf, markupOf, numbersOf, textsOf, ticksOf, tooltipsOf } from '../support/chart.ts';

const percent = {
  label: 'accuracy',
  format: (x: number) => `${(100 * x).toFixed(1)} %`,
  formatTick: (x: number) => `${Math.round(100 * x)} %`,
};
const epochs = { label: 'epoch', format: String };
const ms = { label: 'latency (ms)', format: (x: number) => `${x} ms`, formatTick: String };

const accuracies = lineChart({
  title: 'Accuracy',
  x: epochs,
  y: percent,
  series: [
    {
      name: 'test',
      points: [
        [1, 0.5],
        [2, 0.7],
        [3, 0.8],
      ],
    },
    {
      name: 'training',
      points: [
        [1, 0.6],
        [3, 0.9],
      ],
    },
    { name: 'nothing', points: [] },
  ],
  reference: { name: 'before', y: 0.85 },
});

describe('a line chart', () => {
  const markup = markupOf(accuracies);

  it('has round ticks, labels on both axes, and the last values in its legend', () => {
    expect(ticksOf(markup, 'x')).toEqual(['1', '2', '3']);
    expect(ticksOf(markup, 'y')).toEqual(['50 %', '60 %', '70 %', '80 %', '90 %']);
    expect(textsOf(markup, 'text')).toEqual(expect.arrayContaining(['epoch', 'accuracy']));
    expect(textsOf(markup, 'li')).toEqual(['test 80.0 %', 'training 90.0 %', 'before 85.0 %']);
  });

  it('has a table beside it, and a tooltip with all values at each point', () => {
    expect(cellsOf(markup)).toEqual([
      ['epoch', 'test', 'training'],
      ['1', '50.0 %', '60.0 %'],
      ['2', '70.0 %', '–'],
      ['3', '80.0 %', '90.0 %'],
    ]);
    expect(tooltipsOf(markup)).toContain('epoch 1\ntest 50.0 %\ntraining 60.0 %');
  });

  it('places values in proportion', () => {
    const [at1, at2, at3] = numbersOf(markup, 'fill=1', 'cy');
    expect((at1! - at2!) / (at2! - at3!)).toBeCloseTo(2, 1);
  });

  it('has logarithmic axes', () => {
    const points = [
      [1e-4, 2],
      [1e-3, 1],
      [1e-2, 3],
    ] as const;
    const x = { label: 'learning rate', format: String, scale: 'log' as const };
    const [a, b, c] = numbersOf(
      markupOf(lineChart({ title: 'Loss', x, y: epochs, series: [{ name: 'loss', points }] })),
      'fill=1',
      'cx',
    );
    expect(b! - a!).toBeCloseTo(c! - b!, 1);
  });

  it('of one point is a point', () => {
    const chart = lineChart({
      title: 'Loss',
      x: epochs,
      y: ms,
      series: [{ name: 'loss', points: [[4, 1]] }],
    });
    expect(ticksOf(markupOf(chart), 'x')).toEqual(['4']);
    expect(markupOf(chart)).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('a bar chart', () => {
  const names = { row: 'layer', before: 'before', after: 'after', note: 'kept', others: 'others' };
  const bars = [
    { name: 'conv1', before: 4, after: 2, note: '50 %', others: [{ name: 'shift', value: 3 }] },
    { name: 'conv2', before: 2, after: 1, note: '50 %' },
  ];
  const markup = markupOf(barChart({ title: 'Time', axis: ms, bars, names }), [900, 320]);

  it('draws the value before behind the value after, on one scale, at each width', () => {
    expect(markup.match(/<svg/g)).toHaveLength(2);
    const [before, after] = [numbersOf(markup, 'fill=pale', 'width'), numbersOf(markup, 'fill=1', 'width')];
    expect(before[0]! / before[1]!).toBeCloseTo(2, 1);
    expect(before[0]! / after[0]!).toBeCloseTo(2, 1);
    const [tick] = numbersOf(markup, 'stroke=tick', 'x1');
    const [left] = numbersOf(markup, 'fill=pale', 'x');
    expect((tick! - left!) / before[0]!).toBeCloseTo(3 / 4, 1);
  });

  it('names its rows, and has a table', () => {
    expect(ticksOf(markup, 'y')).toEqual(['conv1', 'conv2']);
    expect(cellsOf(markup)).toEqual([
      ['layer', 'before', 'after', 'kept', 'others'],
      ['conv1', '4 ms', '2 ms', '50 %', 'shift 3 ms'],
      ['conv2', '2 ms', '1 ms', '50 %', ''],
    ]);
    expect(tooltipsOf(markup)).toContain('conv2\nbefore 2 ms\nafter 1 ms\nkept 50 %');
  });

  it('shortens long names, and shows them in full in tooltips', () => {
    const name = '/features/features.17/conv/conv.2/Conv_of_the_last_block';
    const long = markupOf(barChart({ title: 'Time', axis: ms, bars: [{ ...bars[0]!, name }], names }));
    expect(ticksOf(long, 'y')[0]).toContain('…');
    expect(tooltipsOf(long)).toContain(name);
  });
});

it('bars with a spread have error bars from the lowest to the highest value', () => {
  const names = {
    row: 'network',
    value: 'median',
    low: 'shortest',
    high: '90th percentile',
    more: ['speed'],
  };
  const values = [
    { name: 'original', value: 4, low: 3, high: 6, more: ['–'] },
    { name: 'pruned', value: 2, low: 2, high: 3, more: ['2.00×'] },
  ];
  const markup = markupOf(spreadChart({ title: 'Latency', axis: ms, values, names }));
  const [left, right] = [numbersOf(markup, 'stroke=range', 'x1'), numbersOf(markup, 'stroke=range', 'x2')];
  const [wide, narrow] = numbersOf(markup, 'fill=1', 'width');
  expect((right[0]! - left[0]!) / wide!).toBeCloseTo(3 / 4, 1);
  expect((right[1]! - left[1]!) / narrow!).toBeCloseTo(1 / 2, 1);
  expect(cellsOf(markup)[2]).toEqual(['pruned', '2 ms', '2 ms', '3 ms', '2.00×']);
  expect(tooltipsOf(markup)).toContain('original\n4 ms (3 ms – 6 ms)');
});

describe('a scatter chart', () => {
  const points = [
    { name: 'a', x: 1, y: 0.7 },
    { name: 'b', x: 2, y: 0.6 },
    { name: 'c', x: 3, y: 0.9 },
    { name: 'd', x: 3, y: 0.8 },
  ];

  it('marks the networks that no other network beats in both values', () => {
    expect(paretoFront(points).map(({ name }) => name)).toEqual(['a', 'c']);
    const beaten = points.filter((p) =>
      points.some((q) => q.x <= p.x && q.y >= p.y && (q.x < p.x || q.y > p.y)),
    );
    expect(points.filter((point) => !paretoFront(points).includes(point))).toEqual(beaten);
  });

  it('has a table of all networks by cost', () => {
    const markup = markupOf(scatterChart({ title: 'Accuracy', x: ms, y: percent, points }));
    expect(
      cellsOf(markup)
        .slice(1)
        .map(([name, , , best]) => [name, best]),
    ).toEqual([
      ['a', 'yes'],
      ['b', 'no'],
      ['c', 'yes'],
      ['d', 'no'],
    ]);
    expect(tooltipsOf(markup)).toContain('b\n2 ms\n60.0 %');
    expect(markup).toMatch(/aria-label="[^"]*Pareto front: a, 1 ms, 70.0 %; c, 3 ms, 90.0 %"/);
  });
});

it('curves of several groups are drawn on one scale, with one table', () => {
  const curves = [
    {
      name: 'conv1',
      points: [
        [0, 0.9],
        [0.5, 0.5],
      ] as const,
    },
    {
      name: 'conv2',
      points: [
        [0, 0.9],
        [0.5, 0.85],
      ] as const,
    },
  ];
  const x = { label: 'removed', format: (ratio: number) => `${100 * ratio} %` };
  const markup = markupOf(curvesChart({ title: 'Sensitivity', row: 'group', x, y: percent, curves }));
  const [first, second] = markup.split('<svg').slice(1);
  expect(ticksOf(first!, 'y')).toEqual(ticksOf(second!, 'y'));
  expect(cellsOf(markup)).toEqual([
    ['group', '0 %', '50 %'],
    ['conv1', '90.0 %', '50.0 %'],
    ['conv2', '90.0 %', '85.0 %'],
  ]);
});

it('charts without values say so in a sentence', () => {
  const names = { row: 'layer', after: 'after', note: 'kept' };
  const empty = [
    lineChart({ title: 'Accuracy', x: epochs, y: percent, series: [{ name: 'test', points: [] }] }),
    barChart({ title: 'Time', axis: ms, bars: [], names }),
    spreadChart({
      title: 'Latency',
      axis: ms,
      values: [],
      names: { row: 'network', value: '', low: '', high: '' },
    }),
    scatterChart({ title: 'Accuracy', x: ms, y: percent, points: [] }),
    curvesChart({ title: 'Sensitivity', row: 'group', x: epochs, y: percent, curves: [] }),
  ].map((chart) => markupOf(chart));
  for (const markup of empty) {
    expect(textsOf(markup, 'p')[0]).toMatch(/^No .*\.$/);
    expect(markup).not.toContain('<svg');
  }
});

it('texts are never markup', () => {
  const evil = `<img src=x onerror="alert(1)">`;
  const chart = lineChart({
    title: evil,
    x: { ...epochs, label: evil },
    y: { ...percent, label: evil },
    series: [{ name: evil, points: [[1, 0.5]] }],
  });
  expect(markupOf(chart)).not.toContain('<img');
});
