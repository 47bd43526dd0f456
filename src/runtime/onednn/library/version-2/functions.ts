import type { NativeLibrary } from '../open.ts';

/** A native function, by its C declaration. */
type Native = (...values: unknown[]) => number;

const declarations = {
  engineCreate: 'int dnnl_engine_create(_Out_ void **engine, int kind, size_t index)',
  engineDestroy: 'int dnnl_engine_destroy(void *engine)',
  streamCreate: 'int dnnl_stream_create(_Out_ void **stream, void *engine, uint flags)',
  streamDestroy: 'int dnnl_stream_destroy(void *stream)',
  describeByStrides:
    'int dnnl_memory_desc_init_by_strides(void *md, int ndims, void *dims, int type, void *strides)',
  describeByTag: 'int dnnl_memory_desc_init_by_tag(void *md, int ndims, void *dims, int type, int tag)',
  descriptorEqual: 'int dnnl_memory_desc_equal(void *a, void *b)',
  descriptorBytes: 'size_t dnnl_memory_desc_get_size(void *md)',
  memoryCreate: 'int dnnl_memory_create(_Out_ void **memory, void *md, void *engine, void *handle)',
  memoryDestroy: 'int dnnl_memory_destroy(void *memory)',
  primitiveDescriptorCreate:
    'int dnnl_primitive_desc_create(_Out_ void **pd, void *op, void *attr, void *engine, void *hint)',
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
  appendSum: 'int dnnl_post_ops_append_sum(void *ops, float scale)',
  appendElementwise:
    'int dnnl_post_ops_append_eltwise(void *ops, float scale, int algorithm, float alpha, float beta)',
  appendBinary: 'int dnnl_post_ops_append_binary(void *ops, int algorithm, void *md)',
  convolutionForward:
    'int dnnl_dilated_convolution_forward_desc_init(void *op, int prop, int algorithm, void *src, void *weights, void *bias, void *dst, void *strides, void *dilates, void *begins, void *ends)',
  convolutionBackwardData:
    'int dnnl_dilated_convolution_backward_data_desc_init(void *op, int algorithm, void *src, void *weights, void *dst, void *strides, void *dilates, void *begins, void *ends)',
  convolutionBackwardWeights:
    'int dnnl_dilated_convolution_backward_weights_desc_init(void *op, int algorithm, void *src, void *weights, void *bias, void *dst, void *strides, void *dilates, void *begins, void *ends)',
  normalizationForward:
    'int dnnl_batch_normalization_forward_desc_init(void *op, int prop, void *data, float epsilon, uint flags)',
  normalizationBackward:
    'int dnnl_batch_normalization_backward_desc_init(void *op, int prop, void *diff, void *data, float epsilon, uint flags)',
  elementwiseForward:
    'int dnnl_eltwise_forward_desc_init(void *op, int prop, int algorithm, void *data, float alpha, float beta)',
  elementwiseBackward:
    'int dnnl_eltwise_backward_desc_init(void *op, int algorithm, void *diff, void *data, float alpha, float beta)',
  poolingForward:
    'int dnnl_pooling_v2_forward_desc_init(void *op, int prop, int algorithm, void *src, void *dst, void *strides, void *kernel, void *dilation, void *begins, void *ends)',
  poolingBackward:
    'int dnnl_pooling_v2_backward_desc_init(void *op, int algorithm, void *src, void *dst, void *strides, void *kernel, void *dilation, void *begins, void *ends)',
  binary: 'int dnnl_binary_desc_init(void *op, int algorithm, void *left, void *right, void *dst)',
  matmul: 'int dnnl_matmul_desc_init(void *op, void *src, void *weights, void *bias, void *dst)',
  reorder:
    'int dnnl_reorder_primitive_desc_create(_Out_ void **pd, void *src, void *srcEngine, void *dst, void *dstEngine, void *attr)',
} as const;

export type FunctionName = keyof typeof declarations;
export type Functions = Readonly<Record<FunctionName, Native>>;

/** Looks up every function that is used; throws where one is missing. */
export function nativeFunctions(library: NativeLibrary): Functions {
  const entries = Object.entries(declarations).map(([name, declaration]) => [
    name,
    library.func(declaration),
  ]);
  return Object.fromEntries(entries) as Functions;
}
