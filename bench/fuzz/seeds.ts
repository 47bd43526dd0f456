import { fromBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import type { Random } from '../../src/numeric/random.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { networks, opsets, variantsAt } from '../cases/networks/index.ts';

const kinds = Object.values(networks);

/** A network of the generated matrix, as a file holds it: what mutations start from. */
export function seedModel(r: Random): ModelProto {
  const { build } = kinds[r.integer(kinds.length)]!;
  const variants = variantsAt(opsets[r.integer(opsets.length)]!);
  return fromBinary(ModelProtoSchema, serializeModel(build(variants[r.integer(variants.length)]!).graph));
}
