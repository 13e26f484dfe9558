#include "reference-engine/kernels/lay_over.hpp"

namespace assay {
namespace {

template <typename T>
void take(T& into, const T& from) {
  if (from != T{}) into = from;
}

void lay_over(FormatKernels& out, const FormatKernels& part) {
  out.format = part.format;
  out.panel_rows = part.panel_rows;
  out.takes_q8 = part.takes_q8;
  out.rounding = part.rounding;
  take(out.pack, part.pack);
  take(out.decode_row, part.decode_row);
  take(out.multiply, part.multiply);
  take(out.multiply_streams, part.multiply_streams);
}

}  // namespace

void lay_over(KernelTable& out, const KernelTable& part) {
  out.isa = part.isa;
  for (const FormatKernels& kernels : part.formats) {
    if (kernels.panel_rows == 0) break;
    for (FormatKernels& slot : out.formats) {
      if (slot.panel_rows != 0 && slot.format != kernels.format) continue;
      lay_over(slot, kernels);
      break;
    }
  }
  take(out.quantise_q8, part.quantise_q8);
  take(out.dot_f32, part.dot_f32);
  take(out.add_scaled, part.add_scaled);
  take(out.sum_of_squares, part.sum_of_squares);
  take(out.scale_by, part.scale_by);
  take(out.maximum, part.maximum);
  take(out.exp_sum, part.exp_sum);
  take(out.soft_cap, part.soft_cap);
  take(out.silu_multiply, part.silu_multiply);
  take(out.advance_state, part.advance_state);
  take(out.f32_to_f16, part.f32_to_f16);
  for (std::size_t i = 0; i < k_cache_formats; ++i) {
    take(out.cache[i].scores, part.cache[i].scores);
    take(out.cache[i].mix, part.cache[i].mix);
  }
  take(out.read_stream, part.read_stream);
  take(out.fma_loop, part.fma_loop);
  take(out.fma_flops_per_step, part.fma_flops_per_step);
  take(out.int8_loop, part.int8_loop);
  take(out.int8_ops_per_step, part.int8_ops_per_step);
  take(out.bf16_loop, part.bf16_loop);
  take(out.bf16_flops_per_step, part.bf16_flops_per_step);
}

}  // namespace assay
