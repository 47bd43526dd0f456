import { requiredInput, staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import type { Expression } from '../expression.ts';
import type { KernelRow } from './kernel.ts';
import { lineStep } from './line-step.ts';
import { linesOf } from './lines.ts';

/** y = (x − mean) / √(variance + ε) · scale + bias, over the axes from `axis` on. */
export const layerNormalizationRow: KernelRow = {
  refuse: ({ outputs: [, mean, deviation] }) =>
    mean || deviation ? 'its second and third outputs are not computed' : null,
  lower({ node, fusion, scope }) {
    const input = requiredInput(node, 0);
    const shape = staticShape(input);
    const { axis, epsilon } = attributesOf(node, 'LayerNormalization');
    const lines = linesOf(shape, (axis + shape.length) % shape.length, shape.length);
    const [, scale, bias] = node.inputs;
    const isOne = scale?.tensor?.data.length === 1 && scale.tensor.data[0] === 1;
    const tables = [isOne ? null : scale, bias].map((value) => value && scope.dense(value));
    scope.step(
      lineStep({
        node,
        kernel: `LayerNormalization ${epsilon} ${tables.map(Boolean)}`,
        lines,
        x: scope.dense(input),
        y: scope.newDense(fusion.output),
        tables: tables.flatMap((table) => table ?? []),
        write(line, { from, to, tables: numbers }) {
          const sum = line.fold(from, { operation: 'add' });
          const mean = line.compute(['mul', sum, 1 / lines.size]);
          const squares = line.fold(from, {
            operation: 'add',
            of: (x) => ({ value: ['sub', x, mean], within: (deviation) => ['mul', deviation, deviation] }),
          });
          const factor = line.compute([
            'div',
            1,
            ['sqrt', ['add', ['mul', squares, 1 / lines.size], epsilon]],
          ]);
          line.map({ from, to, tables: numbers }, (x, loaded) => {
            const normal: Expression = ['mul', ['sub', x, mean], factor];
            const [last] = loaded.slice(-1);
            const scaled: Expression = loaded[0] && !isOne ? ['mul', normal, loaded[0]] : normal;
            return bias && last ? ['add', scaled, last] : scaled;
          });
        },
      }),
    );
  },
};
