import type { Emitter } from './emitter.ts';
import type { Code, Local } from './encoder/code.ts';

/** Functions of four floats at once. */
export type FunctionName = 'exp' | 'sigmoid' | 'tanh' | 'erf';

type Writer = (code: Code, emitter: Emitter, x: Local<'v128'>) => void;

/** Pops a vector and pushes the function of it. */
export function callFunction(code: Code, emitter: Emitter, name: FunctionName): void {
  const made = emitter.kernel(`function ${name}`, { parameters: ['v128'], results: ['v128'] }, (body, [x]) =>
    functions[name](body, emitter, x),
  );
  code.call(made.index);
}

/** p(x) by Horner's rule; coefficients from the highest power down. */
function polynomial(code: Code, x: Local<'v128'>, coefficients: readonly number[]): void {
  const sum = code.local('v128');
  coefficients.forEach((coefficient, i) => {
    if (i === 0) {
      code.f32x4(coefficient);
      code.set(sum);
      return;
    }
    code.get(sum);
    code.get(x);
    code.op('f32x4.mul');
    code.f32x4(coefficient);
    code.op('f32x4.add');
    code.set(sum);
  });
  code.get(sum);
}

const functions: { readonly [F in FunctionName]: Writer } = {
  /** eˣ = 2ⁿ · eʳ with n = round(x / ln 2), |r| ≤ ln 2 / 2, and a polynomial of degree 6 for eʳ (relative error 2e-7). */
  exp(code, _, x) {
    const [n, r] = [code.local('v128'), code.local('v128')];
    code.get(x);
    code.f32x4(-87.3);
    code.op('f32x4.pmax');
    code.f32x4(88.7);
    code.op('f32x4.pmin');
    code.tee(r);
    code.f32x4(Math.LOG2E);
    code.op('f32x4.mul');
    code.op('f32x4.nearest');
    code.set(n);
    // ln 2 in two parts, so that n times the first is exact.
    for (const part of [0.693359375, -2.1219444e-4]) {
      code.get(r);
      code.get(n);
      code.f32x4(part);
      code.op('f32x4.mul');
      code.op('f32x4.sub');
      code.set(r);
    }
    polynomial(code, r, [1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1, 1]);
    code.get(n);
    code.op('i32x4.trunc_sat_f32x4_s');
    code.i32(127);
    code.op('i32x4.splat');
    code.op('i32x4.add');
    code.i32(23);
    code.op('i32x4.shl');
    code.op('f32x4.mul');
  },
  /** 1 / (1 + e⁻ˣ). */
  sigmoid(code, emitter, x) {
    code.f32x4(1);
    code.get(x);
    code.op('f32x4.neg');
    callFunction(code, emitter, 'exp');
    code.f32x4(1);
    code.op('f32x4.add');
    code.op('f32x4.div');
  },
  /** 1 − 2 / (e²ˣ + 1). */
  tanh(code, emitter, x) {
    code.f32x4(1);
    code.f32x4(2);
    code.get(x);
    code.get(x);
    code.op('f32x4.add');
    callFunction(code, emitter, 'exp');
    code.f32x4(1);
    code.op('f32x4.add');
    code.op('f32x4.div');
    code.op('f32x4.sub');
  },
  /** Abramowitz and Stegun 7.1.26: erf |x| = 1 − t·p(t)·e^(−x²), t = 1 / (1 + 0.3275911·|x|); absolute error 1.5e-7. */
  erf(code, emitter, x) {
    const t = code.local('v128');
    code.f32x4(1);
    code.get(x);
    code.op('f32x4.abs');
    code.f32x4(0.3275911);
    code.op('f32x4.mul');
    code.f32x4(1);
    code.op('f32x4.add');
    code.op('f32x4.div');
    code.set(t);
    code.f32x4(1);
    polynomial(code, t, [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592]);
    code.get(t);
    code.op('f32x4.mul');
    code.get(x);
    code.get(x);
    code.op('f32x4.mul');
    code.op('f32x4.neg');
    callFunction(code, emitter, 'exp');
    code.op('f32x4.mul');
    code.op('f32x4.sub');
    // The sign of x.
    code.get(x);
    code.f32x4(-0);
    code.op('v128.and');
    code.op('v128.or');
  },
};
