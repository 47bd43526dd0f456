import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/cli/failure.ts';
import { EspalierError } from '../../src/errors.ts';

describe('failures', () => {
  it.each([
    ['usage', 2],
    ['interrupted', 130],
    ['invalid-model', 1],
    ['diverged', 1],
  ] as const)('%s ends with %i', (code, exitCode) => {
    expect(failureOf(new EspalierError(code, 'x'))).toMatchObject({ code, exitCode });
  });

  it('fit on one line, whatever the message', () => {
    const error = new EspalierError('runtime', 'first\n   second', { where: 'conv1 (Conv)' });
    expect(failureOf(error)?.message).toBe('conv1 (Conv): first second');
  });

  it("name bugs of espalier's own, with a way to learn more", () => {
    const failure = failureOf(new TypeError('x is not a function'));
    expect(failure).toMatchObject({ code: 'internal', exitCode: 1 });
    expect(failure?.message).toMatch(/^internal: x is not a function .*--debug/);
    expect(failureOf(new Error('internal: no output'))?.message).toMatch(/^internal: no output/);
  });

  it.each([
    ['an array', () => new Float32Array(2 ** 45)],
    ['a buffer', () => new ArrayBuffer(2 ** 52)],
    ['a text', () => 'x'.repeat(2 ** 30)],
  ])('tell %s beyond memory from a bug', (_, allocate) => {
    let thrown: unknown;
    try {
      allocate();
    } catch (error) {
      thrown = error;
    }
    expect(failureOf(thrown)).toMatchObject({ code: 'memory', exitCode: 1 });
    expect(failureOf(thrown)?.message).toMatch(
      /^a process cannot allocate this much memory .*smaller size or batch$/,
    );
  });

  it('keep the stack of the cause', () => {
    const error = new EspalierError('runtime', 'x', { cause: new Error('deeper') });
    expect(failureOf(error)?.stack).toMatch(/caused by Error: deeper/);
  });
});
