import { staticShape, type Value } from '../../../graph/graph.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import type { Weights } from '../allocator.ts';
import type { Emitter } from '../emitter.ts';
import type { Code, Local } from '../encoder/code.ts';
import { attributesKey, channelConstants, epilogueKey, writeEpilogue } from '../epilogue.ts';
import { refusePointwise, writePointwise } from '../pointwise.ts';
import type { Scope, Step, UnitRange } from '../scope.ts';
import {
  addressOf,
  asDense,
  type Dense,
  FLOAT,
  type Geometry,
  geometryOf,
  noBorder,
  type Plane,
  type Planes,
  planesOfDense,
} from '../storage.ts';
import { buffersOf, type KernelRow, type Lowering } from './kernel.ts';
import {
  allFlat,
  gridOf,
  storePixels,
  vectorsOf,
  type Walked,
  walkedBy,
  walkPixels,
} from './pixel-vectors.ts';
import { broadcastIndex } from './placement.ts';
import { loadAddress, walkPlanes } from './walk-planes.ts';

/** An operand: for each plane of the result a plane or one number; or one number for all planes. */
type Operand =
  | { readonly kind: 'constant'; readonly number: number }
  | { readonly kind: 'numbers'; readonly places: readonly Plane[] }
  | { readonly kind: 'planes'; readonly places: readonly Plane[]; readonly geometry: Geometry };

/** Operators that are computed elementwise, with broadcasting. */
export const pointwiseRow: KernelRow = {
  refuse: refusePointwise,
  fusible: { channelAxis: -3, takesResidual: false },
  // An operator with a single operand can be computed in place.
  shares: ({ inputs, outputs: [y] }) => {
    const [x, ...others] = inputs.filter((value) => value && !value.tensor);
    return x && y && others.length === 0 ? [x, y] : [];
  },
  lower(lowering) {
    lowering.scope.step(pointwiseStep(lowering));
  },
};

function pointwiseStep(lowering: Lowering): Step {
  const { node, fusion, scope } = lowering;
  const inputs = node.inputs.map((value) => value && { value, place: placeOf(value, scope) });
  const isPlanar = staticShape(fusion.output).length >= 3;
  const result: Planes = isPlanar
    ? scope.newPlanes(fusion.output)
    : planesOfShort(scope.newDense(fusion.output));
  const whole = channelConstants(fusion).length === 0 ? wholeOperands(inputs, result) : null;
  const y = whole?.y ?? result;
  const operands = whole?.operands ?? inputs.map((input) => input && operandOf(input, y));
  const numbers = planeConstants(lowering, y.planes.length);
  const call: PointwiseCall = { lowering, operands, y, numbers };
  return {
    name: node.name,
    op: node.op,
    kernel: 'pointwise',
    macs: 0,
    reads: operands.flatMap((operand) => buffersOf(placesOf(operand))),
    writes: buffersOf(y.planes),
    units: y.planes.length,
    emit: (code, emitter, units) => emitCall(code, emitter, { ...call, units }),
  };
}

const placesOf = (operand: Operand | null): readonly Plane[] =>
  operand && 'places' in operand ? operand.places : [];

interface PlacedInput {
  readonly value: Value;
  readonly place: Planes;
}

const placeOf = (value: Value, scope: Scope): Planes => {
  const place = scope.stored(value);
  return place.kind === 'planes' ? place : planesOfShort(place);
};

/** Like {@link planesOfDense}, for any rank: missing axes have size 1. */
const planesOfShort = (dense: Dense): Planes =>
  planesOfDense({
    ...dense,
    shape: [...(dense.shape.length < 2 ? [1] : []), ...(dense.shape.length < 1 ? [1] : []), ...dense.shape],
  });

/** All elements as one row, if every operand is without gaps and has the shape of the result or a single element. */
function wholeOperands(
  inputs: readonly (PlacedInput | null)[],
  result: Planes,
): { readonly y: Planes; readonly operands: readonly (Operand | null)[] } | null {
  const output = asDense(result);
  if (!output) return null;
  const count = elementCount(output.shape);
  const row = geometryOf(1, count, noBorder);
  const operands: (Operand | null)[] = [];
  for (const input of inputs) {
    const dense = input && asDense(input.place);
    if (input && !dense) return null;
    if (!input || !dense) operands.push(null);
    else if (elementCount(dense.shape) === 1) operands.push(numberOperand(input.value, [dense]));
    else if (elementCount(dense.shape) === count)
      operands.push({ kind: 'planes', places: [dense], geometry: row });
    else return null;
  }
  return { y: { kind: 'planes', lead: [], geometry: row, planes: [output] }, operands };
}

const numberOperand = ({ tensor }: Value, places: readonly Plane[]): Operand =>
  tensor?.data.length === 1
    ? { kind: 'constant', number: Number(tensor.data[0]) }
    : { kind: 'numbers', places };

/** The plane or number of an operand for each plane of the result. */
function operandOf({ value, place }: PlacedInput, y: Planes): Operand {
  const { geometry } = place;
  const places = y.planes.flatMap((_, i) => place.planes[broadcastIndex(i, y.lead, place.lead)] ?? []);
  const isNumber = geometry.height === 1 && geometry.width === 1;
  return isNumber ? numberOperand(value, places) : { kind: 'planes', places, geometry };
}

/** The channel constants of the fusion by plane; null if there are none. */
function planeConstants({ fusion, scope }: Lowering, planes: number): Weights | null {
  const constants = channelConstants(fusion);
  if (constants.length === 0) return null;
  const numbers = Array.from({ length: planes }, (_, i) =>
    constants.map((data) => data[i % data.length] ?? 0),
  );
  return scope.weights(Float32Array.from(numbers.flat()));
}

interface PointwiseCall {
  readonly lowering: Lowering;
  readonly operands: readonly (Operand | null)[];
  readonly y: Planes;
  readonly numbers: Weights | null;
}

function emitCall(code: Code, emitter: Emitter, call: PointwiseCall & { readonly units: UnitRange }): void {
  const { lowering, operands, y, numbers, units } = call;
  const { node, fusion } = lowering;
  const layout = ({ height, width, rowStride }: Geometry) => [height, width, rowStride];
  const kinds = operands.map(
    (operand) =>
      operand && {
        ...operand,
        places: [],
        ...('geometry' in operand ? { geometry: layout(operand.geometry) } : {}),
      },
  );
  const key = JSON.stringify([node.op, attributesKey(node), kinds, layout(y.geometry)]);
  const made = emitter.kernel(
    `pointwise ${key} ${epilogueKey(fusion)}`,
    { parameters: new Array<'i32'>(3 + operands.length).fill('i32') },
    (body, [output, end, constants, ...inputs]) => {
      if (output && end && constants)
        writeKernel(body, emitter, { call, tables: { output, end, inputs }, constants });
    },
  );
  const output = emitter.table(y.planes.map(addressOf));
  const constants = FLOAT * channelConstants(fusion).length * units.from;
  code.i32(output + 4 * units.from);
  code.i32(output + 4 * units.to);
  code.i32(numbers ? addressOf(numbers) + constants : 0);
  for (const operand of operands) code.i32(emitter.table(placesOf(operand).map(addressOf)) + 4 * units.from);
  code.call(made.index);
}

interface PointwiseCode {
  readonly call: PointwiseCall;
  readonly tables: {
    readonly output: Local<'i32'>;
    readonly end: Local<'i32'>;
    readonly inputs: readonly Local<'i32'>[];
  };
  readonly constants: Local<'i32'>;
}

function writeKernel(code: Code, emitter: Emitter, { call, tables, constants }: PointwiseCode): void {
  const { lowering, operands, y, numbers } = call;
  const { node, fusion } = lowering;
  const maps = operands.map((operand) => (operand?.kind === 'planes' ? operand.geometry : null));
  const planar = maps.filter((geometry) => geometry !== null);
  const isWhole = planar.every(
    ({ height, width }) => height === y.geometry.height && width === y.geometry.width,
  );
  const grid = gridOf(y.geometry, isWhole && allFlat(y.geometry, ...planar));
  const planes = operands.map(() => code.local('i32'));
  const [target, address, result] = [code.local('i32'), code.local('i32'), code.local('v128')];
  const values = operands.map((operand) => (operand ? code.local('v128') : null));
  const walked = [walkedBy(y.geometry), ...planar.map((geometry) => walkedBeside(geometry, y.geometry))];
  const perPlane = channelConstants(fusion).length;
  operands.forEach((operand, i) => {
    const value = values[i];
    if (operand?.kind !== 'constant' || !value) return;
    code.f32x4(operand.number);
    code.set(value);
  });
  const cursors = [
    ...(numbers ? [{ at: constants, bytes: FLOAT * perPlane }] : []),
    ...tables.inputs.map((at) => ({ at })),
    { at: tables.output, plane: target },
  ];
  walkPlanes(code, { cursors, at: tables.output, end: tables.end }, () => {
    operands.forEach((operand, i) => {
      const [plane, table] = [planes[i], tables.inputs[i]];
      if (placesOf(operand).length > 0 && plane && table) loadAddress(code, plane, table);
    });
    walkPixels(code, { grid, count: Math.min(1, vectorsOf(grid)), maps: walked }, ([to = [], ...from]) => {
      let map = 0;
      operands.forEach((operand, i) => {
        const [value, plane] = [values[i], planes[i]];
        if (!value || !plane || !operand || operand.kind === 'constant') return;
        const geometry = operand.kind === 'planes' ? operand.geometry : null;
        code.get(plane);
        const offset = geometry && from[map++]?.[0];
        if (offset) {
          code.get(offset);
          code.op('i32.add');
        }
        const isSplat = !geometry || (geometry.width === 1 && y.geometry.width > 1);
        code.memory(isSplat ? 'v128.load32_splat' : 'v128.load');
        code.set(value);
      });
      writePointwise({ code, emitter, node, operands: values });
      code.set(result);
      writeEpilogue(code, emitter, {
        fusion,
        vector: result,
        pushConstant: (index) => {
          code.get(constants);
          code.memory('v128.load32_splat', FLOAT * index);
        },
      });
      const [offset] = to;
      if (!offset) return;
      code.get(target);
      code.get(offset);
      code.op('i32.add');
      code.set(address);
      storePixels(code, { address, vector: result, columns: grid.columns });
    });
  });
}

/** The strides of an operand whose rows or columns may be broadcast. */
function walkedBeside(geometry: Geometry, result: Geometry): Walked {
  const { row, column } = walkedBy(geometry);
  return {
    row: geometry.height === 1 && result.height > 1 ? 0 : row,
    column: geometry.width === 1 && result.width > 1 ? 0 : column,
  };
}
