import { EspalierError } from '../../../errors.ts';
import type { Dnnl, PostOperation, Primitive } from '../library/api.ts';

/** Creates the primitive of an operation. Throws `unsupported` if oneDNN has none. */
export function requiredPrimitive(
  dnnl: Dnnl,
  operation: Parameters<Dnnl['create']>[0],
  { where, after = [] }: { readonly where: string; readonly after?: readonly PostOperation[] },
): Primitive {
  const primitive = dnnl.create(operation, after);
  if (primitive) return primitive;
  throw unsupported(operation.kind, where);
}

/** The error for an operation without a oneDNN kernel. */
export const unsupported = (kind: string, where: string): EspalierError =>
  new EspalierError('unsupported', `oneDNN has no ${kind} for it: use \`executor\` onnxruntime`, { where });

/** Whether a kernel is optimised for this processor, as opposed to a generic one. */
export const isFast = ({ implementation }: Primitive): boolean => !/^(ref|gemm|simple)/.test(implementation);
