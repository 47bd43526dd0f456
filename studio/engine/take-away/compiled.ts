import { compiledFiles, compileToWebAssembly } from 'espalier/core';
import { strToU8, type Zippable, zipSync } from 'fflate';
import { openOperation } from '../control.ts';
import type { Session } from '../session.ts';
import type { Control } from '../types.ts';

/** The compiled folder of a version, as the command `compile` writes it, in a .zip file. */
export async function compiledZip(session: Session, id: number, control: Control): Promise<Uint8Array> {
  const { forms, size } = session.version(id);
  const operation = openOperation(2, session.tools, control);
  await operation.begin('Generating kernels and comparing with onnxruntime');
  const model = await compileToWebAssembly(forms, { executor: operation.executor, size });
  await operation.begin('Compressing');
  const files: Zippable = {};
  for (const [name, content] of Object.entries(compiledFiles(model)))
    files[`${session.name}/${name}`] = typeof content === 'string' ? strToU8(content) : content;
  return zipSync(files, { level: LEVEL });
}

/** Weights hardly shrink. */
const LEVEL = 1;
