import { fromBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import type { Random } from '../../../src/numeric/random.ts';
import { serializeModel } from '../../../src/onnx/index.ts';
import type { Export, ImageSize, Variant } from '../../cases/export.ts';
import { networks, opsets, variantsAt } from '../../cases/networks/index.ts';
import { control } from './control.ts';
import { conversions, type Side } from './conversions.ts';
import { small } from './small.ts';

/** What mutations start from. */
export interface Seed {
  readonly model: ModelProto;
  /** `HxW` of its images. */
  readonly size: string;
  /** Files that lie beside it, by name. */
  readonly files: Side;
}

interface Kind {
  readonly build: (variant: Variant) => Export;
  readonly image: ImageSize;
  /** The first opset that has its operators in these forms. */
  readonly since?: number;
}

/** Networks of two or three layers are mutated more densely, and quicker worked on, than those of the matrix. */
const kinds: readonly Kind[] = [...Object.values(small), ...Object.values(control)];
const large: readonly Kind[] = Object.values(networks);
/** One of so many seeds is a network of the matrix. */
const LARGE = 16;

const built = new Map<string, ModelProto>();

/** A network as a file holds it. */
export function seedModel(r: Random): Seed {
  const list = r.integer(LARGE) === 0 ? large : kinds;
  const at = r.integer(list.length);
  const { build, image, since = 7 } = list[at]!;
  const fitting = opsets.filter((opset) => opset >= since);
  const variants = variantsAt(fitting[r.integer(fitting.length)]!);
  const variant = variants[r.integer(variants.length)]!;
  const key = JSON.stringify([list === large, at, variant]);
  let model = built.get(key);
  if (!model) {
    model = fromBinary(ModelProtoSchema, serializeModel(build(variant).graph));
    built.set(key, model);
  }
  const convert = conversions[r.integer(3 * conversions.length)];
  const converted = convert?.(model);
  return {
    model: converted?.model ?? model,
    size: `${image.height}x${image.width}`,
    files: converted?.files ?? {},
  };
}
