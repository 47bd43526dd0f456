import { EspalierError } from '../../../errors.ts';
import type { NativeLibrary } from './open.ts';

/** A native function; most return a status. */
export type Native = (...values: unknown[]) => number;

/** The functions that versions 2 and 3 share, as C declarations. */
export const sharedDeclarations = {
  engineCreate: 'int dnnl_engine_create(_Out_ void **engine, int kind, size_t index)',
  engineDestroy: 'int dnnl_engine_destroy(void *engine)',
  streamCreate: 'int dnnl_stream_create(_Out_ void **stream, void *engine, uint flags)',
  streamDestroy: 'int dnnl_stream_destroy(void *stream)',
  descriptorEqual: 'int dnnl_memory_desc_equal(void *a, void *b)',
  descriptorBytes: 'size_t dnnl_memory_desc_get_size(void *md)',
  memoryCreate: 'int dnnl_memory_create(_Out_ void **memory, void *md, void *engine, void *handle)',
  memoryDestroy: 'int dnnl_memory_destroy(void *memory)',
  primitiveDescriptorDestroy: 'int dnnl_primitive_desc_destroy(void *pd)',
  primitiveDescriptorQuery:
    'int dnnl_primitive_desc_query(void *pd, int what, int index, _Out_ const char **result)',
  queryMemory: 'void *dnnl_primitive_desc_query_md(void *pd, int what, int index)',
  primitiveCreate: 'int dnnl_primitive_create(_Out_ void **primitive, void *pd)',
  primitiveDestroy: 'int dnnl_primitive_destroy(void *primitive)',
  execute: 'int dnnl_primitive_execute(void *primitive, void *stream, int nargs, void *args)',
  attributesCreate: 'int dnnl_primitive_attr_create(_Out_ void **attr)',
  attributesDestroy: 'int dnnl_primitive_attr_destroy(void *attr)',
  setPostOperations: 'int dnnl_primitive_attr_set_post_ops(void *attr, void *ops)',
  postOperationsCreate: 'int dnnl_post_ops_create(_Out_ void **ops)',
  postOperationsDestroy: 'int dnnl_post_ops_destroy(void *ops)',
  appendBinary: 'int dnnl_post_ops_append_binary(void *ops, int algorithm, void *md)',
  reorder:
    'int dnnl_reorder_primitive_desc_create(_Out_ void **pd, void *src, void *srcEngine, void *dst, void *dstEngine, void *attr)',
} as const;

export type Functions<Declarations> = { readonly [Name in keyof Declarations]: Native };
export type SharedFunctions = Functions<typeof sharedDeclarations>;

/** Looks up all declared functions. Throws `runtime` if the library lacks one. */
export function nativeFunctions<Declarations extends Readonly<Record<string, string>>>(
  library: NativeLibrary,
  declarations: Declarations,
): Functions<Declarations> {
  const entries = Object.entries(declarations).map(([name, declaration]) => [
    name,
    nativeFunction(library, declaration),
  ]);
  return Object.fromEntries(entries) as Functions<Declarations>;
}

function nativeFunction(library: NativeLibrary, declaration: string): Native {
  try {
    return library.func(declaration);
  } catch (cause) {
    const name = /dnnl_\w+/.exec(declaration)?.[0] ?? declaration;
    throw new EspalierError('runtime', `expected the oneDNN library, but it lacks the function ${name}`, {
      cause,
    });
  }
}
