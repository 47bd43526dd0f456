import { EspalierError } from '../../../errors.ts';
import type { Dnnl, PostOperation, Primitive } from '../library/api.ts';

/** The primitive of an operation; throws `unsupported` where oneDNN has none. */
export function requiredPrimitive(
  dnnl: Dnnl,
  operation: Parameters<Dnnl['create']>[0],
  { where, after = [] }: { readonly where: string; readonly after?: readonly PostOperation[] },
): Primitive {
  const primitive = dnnl.create(operation, after);
  if (primitive) return primitive;
  throw unsupported(operation.kind, where);
}

/** What to say where oneDNN has no kernel. */
export const unsupported = (kind: string, where: string): EspalierError =>
  new EspalierError('unsupported', `oneDNN has no ${kind} for it: use \`executor\` onnxruntime`, { where });

/** Whether a kernel was compiled for this processor, not written for any. */
export const isFast = ({ implementation }: Primitive): boolean => !/^(ref|gemm|simple)/.test(implementation);
