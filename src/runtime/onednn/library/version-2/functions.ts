import type { Functions } from '../functions.ts';

/** Functions of version 2 only: an operation is described by a struct that the caller owns. */
export const declarations = {
  describeByStrides:
    'int dnnl_memory_desc_init_by_strides(void *md, int ndims, void *dims, int type, void *strides)',
  describeByTag: 'int dnnl_memory_desc_init_by_tag(void *md, int ndims, void *dims, int type, int tag)',
  part: 'int dnnl_memory_desc_init_submemory(void *md, void *parent, void *dims, void *offsets)',
  primitiveDescriptorCreate:
    'int dnnl_primitive_desc_create(_Out_ void **pd, void *op, void *attr, void *engine, void *hint)',
  appendSum: 'int dnnl_post_ops_append_sum(void *ops, float scale)',
  appendElementwise:
    'int dnnl_post_ops_append_eltwise(void *ops, float scale, int algorithm, float alpha, float beta)',
  convolution:
    'int dnnl_dilated_convolution_forward_desc_init(void *op, int prop, int algorithm, void *src, void *weights, void *bias, void *dst, void *strides, void *dilates, void *begins, void *ends)',
  convolutionBackwardData:
    'int dnnl_dilated_convolution_backward_data_desc_init(void *op, int algorithm, void *src, void *weights, void *dst, void *strides, void *dilates, void *begins, void *ends)',
  convolutionBackwardWeights:
    'int dnnl_dilated_convolution_backward_weights_desc_init(void *op, int algorithm, void *src, void *weights, void *bias, void *dst, void *strides, void *dilates, void *begins, void *ends)',
  batchNormalization:
    'int dnnl_batch_normalization_forward_desc_init(void *op, int prop, void *data, float epsilon, uint flags)',
  batchNormalizationBackward:
    'int dnnl_batch_normalization_backward_desc_init(void *op, int prop, void *diff, void *data, float epsilon, uint flags)',
  elementwise:
    'int dnnl_eltwise_forward_desc_init(void *op, int prop, int algorithm, void *data, float alpha, float beta)',
  elementwiseBackward:
    'int dnnl_eltwise_backward_desc_init(void *op, int algorithm, void *diff, void *data, float alpha, float beta)',
  resultBackward:
    'int dnnl_eltwise_backward_desc_init(void *op, int algorithm, void *diff, void *data, float alpha, float beta)',
  resampling:
    'int dnnl_resampling_forward_desc_init(void *op, int prop, int algorithm, void *factors, void *src, void *dst)',
  resamplingBackward:
    'int dnnl_resampling_backward_desc_init(void *op, int algorithm, void *factors, void *diffSrc, void *diffDst)',
  softmax: 'int dnnl_softmax_forward_desc_init(void *op, int prop, void *data, int axis)',
  softmaxBackward: 'int dnnl_softmax_backward_desc_init(void *op, void *diff, void *data, int axis)',
  logSoftmax: 'int dnnl_logsoftmax_forward_desc_init(void *op, int prop, void *data, int axis)',
  logSoftmaxBackward: 'int dnnl_logsoftmax_backward_desc_init(void *op, void *diff, void *data, int axis)',
  pooling:
    'int dnnl_pooling_v2_forward_desc_init(void *op, int prop, int algorithm, void *src, void *dst, void *strides, void *kernel, void *dilation, void *begins, void *ends)',
  poolingBackward:
    'int dnnl_pooling_v2_backward_desc_init(void *op, int algorithm, void *src, void *dst, void *strides, void *kernel, void *dilation, void *begins, void *ends)',
  binary: 'int dnnl_binary_desc_init(void *op, int algorithm, void *left, void *right, void *dst)',
  matmul: 'int dnnl_matmul_desc_init(void *op, void *src, void *weights, void *bias, void *dst)',
} as const;

export type Version2Functions = Functions<typeof declarations>;
