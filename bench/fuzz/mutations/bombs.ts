import { create } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
} from 'onnx-buf';
import type { Random } from '../../../src/numeric/random.ts';

/** Puts a small piece into a graph that would take all memory or time if it were evaluated, and whose value something reads. */
export function plantBomb(graph: GraphProto, r: Random): void {
  const kinds = Object.values(bombs);
  const name = `bomb${r.integer(1e6)}`;
  graph.node.unshift(...kinds[r.integer(kinds.length)]!({ graph, name, r }));
  const reader = graph.node[graph.node.length - 1 - r.integer(Math.min(4, graph.node.length))];
  if (!reader) return;
  if (r.integer(2) === 0) reader.input.push(name);
  else reader.input[r.integer(Math.max(1, reader.input.length))] = name;
}

interface Planting {
  readonly graph: GraphProto;
  readonly name: string;
  readonly r: Random;
}

const node = (opType: string, input: string[], output: string): NodeProto =>
  create(NodeProtoSchema, { opType, input, output: [output], name: output });

/** An initializer of int64; its name. */
function longs({ graph, name }: Planting, ...values: number[]): string {
  const own = `${name}.${graph.initializer.length}`;
  const int64Data = values.map(BigInt);
  graph.initializer.push(
    create(TensorProtoSchema, { name: own, dims: [BigInt(values.length)], dataType: 7, int64Data }),
  );
  return own;
}

function scalar({ graph, name }: Planting, value: number): string {
  const own = `${name}.${graph.initializer.length}`;
  graph.initializer.push(create(TensorProtoSchema, { name: own, dataType: 7, int64Data: [BigInt(value)] }));
  return own;
}

function floats({ graph, name }: Planting, ...values: number[]): string {
  const own = `${name}.${graph.initializer.length}`;
  graph.initializer.push(
    create(TensorProtoSchema, { name: own, dims: [BigInt(values.length)], dataType: 1, floatData: values }),
  );
  return own;
}

const huge = (r: Random) => [1e6, 1e9, 2 ** 31, 2 ** 40][r.integer(4)]!;

const bombs: Readonly<Record<string, (planting: Planting) => NodeProto[]>> = {
  /** Each node doubles what the one before made. */
  doubling(planting) {
    return Array.from({ length: 40 }, (_, i) => {
      const from = i === 0 ? floats(planting, 1, 2, 3, 4) : `${planting.name}.step${i}`;
      const concat = node('Concat', [from, from], i === 39 ? planting.name : `${planting.name}.step${i + 1}`);
      concat.attribute.push(create(AttributeProtoSchema, { name: 'axis', type: 2, i: 0n }));
      return concat;
    });
  },
  /** Numbers that take a processor a hundred times as long. */
  denormal(planting) {
    const wide = node('Expand', [floats(planting, 1e-39), longs(planting, 1e5)], `${planting.name}.step0`);
    const products = Array.from({ length: 100 }, (_, i) =>
      node(
        'Mul',
        [`${planting.name}.step${i}`, floats(planting, 1 + i / 1e3)],
        i === 99 ? planting.name : `${planting.name}.step${i + 1}`,
      ),
    );
    return [wide, ...products];
  },
  range: (planting) => [
    node(
      'Range',
      [scalar(planting, 0), scalar(planting, huge(planting.r)), scalar(planting, 1)],
      planting.name,
    ),
  ],
  expand: (planting) => [
    node(
      'Expand',
      [floats(planting, 1), longs(planting, huge(planting.r), 1 + planting.r.integer(9))],
      planting.name,
    ),
  ],
  tile: (planting) => [
    node('Tile', [floats(planting, 1, 2), longs(planting, huge(planting.r))], planting.name),
  ],
  constantOfShape: (planting) => [
    node('ConstantOfShape', [longs(planting, huge(planting.r))], planting.name),
  ],
  pad: (planting) => [
    node('Pad', [floats(planting, 1), longs(planting, 0, huge(planting.r))], planting.name),
  ],
  eye: (planting) => [
    node('ConstantOfShape', [longs(planting, 1e5, 1e5)], `${planting.name}.zeros`),
    node('EyeLike', [`${planting.name}.zeros`], planting.name),
  ],
  outer: (planting) => [
    node('Range', [scalar(planting, 0), scalar(planting, 1e5), scalar(planting, 1)], `${planting.name}.line`),
    node('Unsqueeze', [`${planting.name}.line`, longs(planting, 0)], `${planting.name}.row`),
    node('Unsqueeze', [`${planting.name}.line`, longs(planting, 1)], `${planting.name}.column`),
    node('Mul', [`${planting.name}.row`, `${planting.name}.column`], planting.name),
  ],
};
