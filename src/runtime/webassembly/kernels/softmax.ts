import { requiredInput, staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import type { KernelRow } from './kernel.ts';
import { type LineComputation, lineStep } from './line-step.ts';
import { linesOf } from './lines.ts';

const axisRow = (op: 'Softmax' | 'LogSoftmax', write: LineComputation['write']): KernelRow => ({
  lower({ node, fusion, scope }) {
    const input = requiredInput(node, 0);
    const shape = staticShape(input);
    const axis = ((attributesOf(node, op).axis ?? -1) + shape.length) % shape.length;
    const x = scope.dense(input);
    const y = scope.newDense(fusion.output);
    scope.step(lineStep({ node, kernel: op, lines: linesOf(shape, axis), x, y, write }));
  },
});

/** y = e^(x − max x) / Σ e^(x − max x) along one axis. */
export const softmaxRow = axisRow('Softmax', (line, { from, to }) => {
  const largest = line.fold(from, { operation: 'max' });
  line.map({ from, to }, (x) => ['exp', ['sub', x, largest]]);
  const sum = line.fold(to, { operation: 'add' });
  line.map({ from: to, to }, (power) => ['div', power, sum]);
});

/** y = x − max x − ln Σ e^(x − max x). */
export const logSoftmaxRow = axisRow('LogSoftmax', (line, { from, to }) => {
  const largest = line.fold(from, { operation: 'max' });
  const sum = line.fold(from, { operation: 'add', of: (x) => ['exp', ['sub', x, largest]] });
  const shift = line.compute(['add', largest, ['log', sum]]);
  line.map({ from, to }, (x) => ['sub', x, shift]);
});
