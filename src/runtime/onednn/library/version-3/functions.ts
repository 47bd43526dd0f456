import type { Functions } from '../functions.ts';

/** Functions of version 3 only: descriptors are handles, and each operation directly creates its primitive descriptor. */
export const declarations = {
  describeByStrides:
    'int dnnl_memory_desc_create_with_strides(_Out_ void **md, int ndims, void *dims, int type, void *strides)',
  describeByTag:
    'int dnnl_memory_desc_create_with_tag(_Out_ void **md, int ndims, void *dims, int type, int tag)',
  part: 'int dnnl_memory_desc_create_submemory(_Out_ void **md, void *parent, void *dims, void *offsets)',
  descriptorDestroy: 'int dnnl_memory_desc_destroy(void *md)',
  descriptorRank: 'int dnnl_memory_desc_query(void *md, int what, _Out_ int *rank)',
  descriptorDims: 'int dnnl_memory_desc_query(void *md, int what, _Out_ void **dims)',
  appendSum: 'int dnnl_post_ops_append_sum(void *ops, float scale, int32_t zeroPoint, int type)',
  appendElementwise: 'int dnnl_post_ops_append_eltwise(void *ops, int algorithm, float alpha, float beta)',
  convolution:
    'int dnnl_convolution_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int algorithm, void *src, void *weights, void *bias, void *dst, void *strides, void *dilates, void *begins, void *ends, void *attr)',
  convolutionBackwardData:
    'int dnnl_convolution_backward_data_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *diffSrc, void *weights, void *diffDst, void *strides, void *dilates, void *begins, void *ends, void *hint, void *attr)',
  convolutionBackwardWeights:
    'int dnnl_convolution_backward_weights_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *src, void *diffWeights, void *diffBias, void *diffDst, void *strides, void *dilates, void *begins, void *ends, void *hint, void *attr)',
  batchNormalization:
    'int dnnl_batch_normalization_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, void *src, void *dst, float epsilon, uint flags, void *attr)',
  batchNormalizationBackward:
    'int dnnl_batch_normalization_backward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, void *diffSrc, void *diffDst, void *src, float epsilon, uint flags, void *hint, void *attr)',
  elementwise:
    'int dnnl_eltwise_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int algorithm, void *src, void *dst, float alpha, float beta, void *attr)',
  elementwiseBackward:
    'int dnnl_eltwise_backward_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *diffSrc, void *diffDst, void *data, float alpha, float beta, void *hint, void *attr)',
  resultBackward:
    'int dnnl_eltwise_backward_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *diffSrc, void *diffDst, void *data, float alpha, float beta, void *hint, void *attr)',
  resampling:
    'int dnnl_resampling_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int algorithm, void *factors, void *src, void *dst, void *attr)',
  resamplingBackward:
    'int dnnl_resampling_backward_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *factors, void *diffSrc, void *diffDst, void *hint, void *attr)',
  softmax:
    'int dnnl_softmax_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int algorithm, void *src, void *dst, int axis, void *attr)',
  softmaxBackward:
    'int dnnl_softmax_backward_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *diffSrc, void *diffDst, void *dst, int axis, void *hint, void *attr)',
  pooling:
    'int dnnl_pooling_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int algorithm, void *src, void *dst, void *strides, void *kernel, void *dilation, void *begins, void *ends, void *attr)',
  poolingBackward:
    'int dnnl_pooling_backward_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *diffSrc, void *diffDst, void *strides, void *kernel, void *dilation, void *begins, void *ends, void *hint, void *attr)',
  binary:
    'int dnnl_binary_primitive_desc_create(_Out_ void **pd, void *engine, int algorithm, void *left, void *right, void *dst, void *attr)',
  matmul:
    'int dnnl_matmul_primitive_desc_create(_Out_ void **pd, void *engine, void *src, void *weights, void *bias, void *dst, void *attr)',
} as const;

export type Version3Functions = Functions<typeof declarations>;
