import { afterEach, expect, it, vi } from 'vitest';
import { supportedModule } from '../../../src/runtime/webassembly/instantiate.ts';

afterEach(() => vi.restoreAllMocks());

it('an engine without SIMD is told which ones have it', () => {
  vi.spyOn(Reflect.get(globalThis, 'WebAssembly'), 'validate').mockReturnValue(false);
  expect(supportedModule).toThrow('no WebAssembly SIMD in this engine: expected Chrome 91, Firefox 89');
});
