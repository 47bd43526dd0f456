import { assert } from '../errors.ts';
import type { TypedArray } from './tensor.ts';

/** Copies an array into another one of the same type, from element `at` on. */
export function copyElements(target: TypedArray, source: TypedArray, at = 0): void {
  if (isBigInt(target) && isBigInt(source)) target.set(source, at);
  else if (!isBigInt(target) && !isBigInt(source)) target.set(source, at);
  else assert(false, 'numbers and bigints are copied into one another');
}

/** Sets each element of an array, converted to the array's number type. */
export function setElements(target: TypedArray, element: (i: number) => number | bigint | string): void {
  if (isBigInt(target)) for (let i = 0; i < target.length; i++) target[i] = BigInt(element(i));
  else for (let i = 0; i < target.length; i++) target[i] = Number(element(i));
}

const isBigInt = (array: TypedArray): array is BigInt64Array | BigUint64Array =>
  array instanceof BigInt64Array || array instanceof BigUint64Array;
