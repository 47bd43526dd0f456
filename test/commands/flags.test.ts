import type * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import {
  choices,
  defaulted,
  flagSwitch,
  fraction,
  numberIn,
  numbers,
  optional,
  positive,
  required,
  text,
  wholeNumber,
} from '../../src/commands/flags.ts';
import { spellingsOf } from '../../src/recipes/typed-options.ts';

type ValueSchema = v.GenericSchema<string, unknown>;

describe('flags', () => {
  it.each([
    [wholeNumber(), '12', 12],
    [wholeNumber(0), '0', 0],
    [numbers, '0.485,0.456', [0.485, 0.456]],
    [numbers, '-1', [-1]],
    [positive, '1e-5', 1e-5],
    [fraction, '1', 1],
    [numberIn(0, 1), '0', 0],
    [choices(['bias', 'scale']), 'scale,bias', ['scale', 'bias']],
  ])('read %#: %s as %j', (schema, raw, expected) => {
    expect(optional('--x <value>', '', schema as ValueSchema).read(raw)).toEqual(expected);
  });

  it.each([
    [wholeNumber(), '0', 'a whole number of at least 1'],
    [wholeNumber(), '1.5', 'a whole number of at least 1'],
    [wholeNumber(), '', 'a whole number of at least 1'],
    [wholeNumber(), '99999999999999999999', 'a whole number of at least 1'],
    [numbers, '1,,2', 'numbers separated by commas'],
    [numbers, '1,x', 'numbers separated by commas'],
    [positive, '0', 'a number above 0'],
    [positive, 'Infinity', 'a number above 0'],
    [fraction, '1.2', 'a fraction above 0, up to 1'],
    [numberIn(0), '-0.1', 'a number of at least 0'],
    [choices(['bias', 'scale']), 'bias,x', 'some of bias, scale'],
    [text, '', 'a value'],
  ])('refuse %#: %s, %j', (schema, raw, expected) => {
    const flag = optional('--x <value>', '', schema as ValueSchema);
    expect(() => flag.read(raw)).toThrow(`--x: expected ${expected}`);
    expect(() => flag.read(raw)).toThrow(`found ${JSON.stringify(raw)}`);
  });

  it('that are left out have their default, nothing, or an error', () => {
    expect(defaulted('--batch <n>', '', [wholeNumber(), 128]).read(undefined)).toBe(128);
    expect(optional('--limit <n>', '', wholeNumber()).read(undefined)).toBeUndefined();
    expect(() => required('--data <name>', '', text).read(undefined)).toThrow('missing --data <name>');
    expect(flagSwitch('--nesterov', '').read(undefined)).toBe(false);
    expect(flagSwitch('--no-verify', '').read(undefined)).toBe(true);
    expect(flagSwitch('--no-verify', '').read(false)).toBe(false);
  });
});

describe('commands', () => {
  it('each have a summary, an example that names them, and keys that spell their flags', () => {
    for (const { name, summary, examples, options } of commands) {
      expect(summary).toMatch(/^\w/);
      expect(examples.some(([line]) => line.startsWith(`espalier ${name}`))).toBe(true);
      const names = [...spellingsOf(options).keys()];
      for (const key of Object.keys(options)) expect(names).toContain(key);
    }
  });
});
