import { describe, expect, it } from 'vitest';
import { parseGraph } from '../../../src/graph/text/index.ts';
import { onnxruntime } from '../../../src/index.ts';
import type { Runner } from '../../../src/measure/rounds.ts';
import { parseModel } from '../../../src/onnx/index.ts';
import type { Tensors } from '../../../src/runtime/executor.ts';
import { instantiate } from '../../../src/runtime/webassembly/instantiate.ts';
import { measureVersions } from '../../../studio/engine/measure/measure.ts';
import type { MeasureChoice, MeasuringEngine } from '../../../studio/engine/measure/types.ts';
import { relativeError } from '../../support/relative-error.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { followed, sessionOf } from '../../support/studio-session.ts';

const both: MeasureChoice = {
  versions: [0],
  forms: ['onnxruntime-web', 'compiled'],
  threads: 1,
  seconds: 0.01,
};

/** There is no kernel for Det. */
const unsupported = `<opset = 18> odd(float32[1, 2, 2] x) => (float32[1] y) { y = Det(x) }`;

/** An engine in which each network takes the next of the given times, and which counts what is open. */
function engineTaking(times: readonly number[]) {
  const state = { opened: 0, closed: 0, engines: 0 };
  const open = async (): Promise<Runner> => {
    const ms = times[state.opened++]!;
    return {
      time: async () => ms,
      close: async () => {
        state.closed++;
      },
    };
  };
  const openEngine = async (): Promise<MeasuringEngine> => {
    state.engines++;
    return {
      openModel: open,
      openCompiled: open,
      close: async () => {
        state.engines--;
      },
    };
  };
  return { state, openEngine };
}

describe('measuring versions', () => {
  it('compares each with the first, in words', async () => {
    const { session } = await sessionOf(plainNetwork());
    const { openEngine, state } = engineTaking([4, 2]);
    const { measured, notes, rounds } = await measureVersions(session, both, { openEngine });
    const { title } = session.current;
    expect(measured.map(({ name, medianMs, ratio, claim }) => [name, medianMs, ratio, claim])).toEqual([
      [`${title}, onnxruntime-web`, 4, 1, null],
      [`${title}, compiled`, 2, 2, '2.00× as fast (2.00× – 2.00×)'],
    ]);
    expect(notes).toEqual([]);
    expect(rounds).toBeGreaterThanOrEqual(5);
    expect(state).toEqual({ opened: 2, closed: 2, engines: 0 });
  });

  it('claims nothing where the spread has no room for it', async () => {
    const { session } = await sessionOf(plainNetwork());
    const { openEngine } = engineTaking([4, 4]);
    const { measured } = await measureVersions(session, both, { openEngine });
    expect(measured[1]!.claim).toMatch(/^no measurable difference/);
  });

  it('loads the same network on the same inputs in both forms', async () => {
    const { session } = await sessionOf(plainNetwork());
    const results: Tensors[] = [];
    const { openEngine } = engineTaking([1, 1]);
    const engine = await openEngine();
    await measureVersions(session, both, {
      openEngine: async () => ({
        ...engine,
        async openModel(bytes, inputs) {
          const program = await onnxruntime.compile(parseModel(bytes));
          results.push(await program.run(Object.fromEntries(inputs)));
          await program.close();
          return engine.openModel(bytes, inputs);
        },
        async openCompiled(network, inputs) {
          const running = await instantiate(network);
          for (const [name, { data }] of inputs) running.inputs[name]!.set(data as Float32Array);
          running.run();
          const [[name, data]] = Object.entries(running.outputs) as [[string, Float32Array]];
          results.push({ [name]: { dtype: 'float32', shape: [data.length], data } });
          return engine.openCompiled(network, inputs);
        },
      }),
    });
    const [expected, found] = results.map((result) => Object.values(result)[0]!.data as Float32Array);
    expect(relativeError(found!, expected!)).toBeLessThan(1e-5);
  });

  it('names what cannot be compiled, and measures the others', async () => {
    const { session } = await sessionOf(parseGraph(unsupported));
    const { openEngine } = engineTaking([1]);
    const { measured, notes } = await measureVersions(session, both, { openEngine });
    expect(measured).toHaveLength(1);
    expect(notes[0]).toMatch(/, compiled: .*Det/);
  });

  it('reports progress with the time left, and ends with its engine when it is cancelled', async () => {
    const { session } = await sessionOf(plainNetwork());
    const { openEngine, state } = engineTaking([1, 1]);
    const control = followed('Measuring');
    await expect(
      measureVersions(session, { ...both, seconds: 60 }, { openEngine, ...control }),
    ).rejects.toThrow('interrupted');
    expect(control.seen.at(-1)).toMatchObject({ label: 'Measuring', total: 120 });
    expect(control.seen.at(-1)!.secondsLeft).toBeGreaterThan(100);
    expect(state).toEqual({ opened: 2, closed: 2, engines: 0 });
  });
});
