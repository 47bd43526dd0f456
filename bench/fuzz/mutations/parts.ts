import { create } from '@bufbuild/protobuf';
import { AttributeProtoSchema, type NodeProto, type TensorProto } from 'onnx-buf';
import type { Random } from '../../../src/numeric/random.ts';
import { dimensions, integers, numbers, some, strings } from './choices.ts';

export function tensorDims(tensor: TensorProto, r: Random): void {
  const choice = tensor.dims.length === 0 ? 0 : r.integer(6);
  if (choice === 0) tensor.dims.push(some(dimensions, r)!);
  else if (choice === 1) tensor.dims.pop();
  else tensor.dims[r.integer(tensor.dims.length)] = some(dimensions, r)!;
}

export function rawNumbers(tensor: TensorProto, r: Random): void {
  const bytes = Uint8Array.from(tensor.rawData);
  const view = new DataView(bytes.buffer);
  if (bytes.length >= 8 && tensor.dataType === 7) {
    view.setBigInt64(8 * r.integer(bytes.length / 8), some([...integers, ...dimensions], r)!, true);
  } else if (bytes.length >= 4) {
    view.setFloat32(4 * r.integer(Math.floor(bytes.length / 4)), some(numbers, r)!, true);
  }
  tensor.rawData = bytes;
}

export function attributes(node: NodeProto, r: Random): void {
  const attribute = some(node.attribute, r);
  if (!attribute || r.integer(8) === 0) {
    const name = some(
      [
        'axis',
        'axes',
        'group',
        'kernel_shape',
        'pads',
        'strides',
        'perm',
        'mode',
        'to',
        'auto_pad',
        'dilations',
      ],
      r,
    )!;
    const made = create(AttributeProtoSchema, { name, type: 2, i: some(integers, r)! });
    node.attribute.push(made);
    return;
  }
  switch (r.integer(6)) {
    case 0:
      node.attribute = node.attribute.filter((other) => other !== attribute);
      return;
    case 1:
      attribute.type = some([1, 2, 3, 6, 7, 8], r)!;
      return;
    case 2:
      attribute.name = some(['axis', 'pads', 'x', ''], r)!;
      return;
    default:
      attribute.i = some(integers, r)!;
      attribute.f = some(numbers, r)!;
      attribute.s = new TextEncoder().encode(some(strings, r));
      if (attribute.ints.length > 0) attribute.ints[r.integer(attribute.ints.length)] = some(integers, r)!;
      if (r.integer(3) === 0) attribute.ints.pop();
  }
}
