// The loop that measures how fast a core multiplies bfloat16 values by tiles: what float32 products
// in pieces (x86_amx) and BF16 weights with native numerics (x86_amx_bf16) are held against.
#pragma once

#include "reference-engine/kernels/x86_amx/tiles.inl"

namespace assay {
namespace {

/// Four products of full tiles, from registers.
float bf16_loop(std::size_t steps) {
  alignas(64) static constexpr std::uint16_t k_values[16][32] = {{0x3F80, 0x4000, 0x4040}};
  const Tiles tiles(shapes_for(64));
  ASSAY_TILE(zero, 0);
  ASSAY_TILE(zero, 1);
  ASSAY_TILE(zero, 2);
  ASSAY_TILE(zero, 3);
  ASSAY_TILE(loadd, 4, k_values, 64);
  ASSAY_TILE(loadd, 5, k_values, 64);
  ASSAY_TILE(loadd, 6, k_values, 64);
  ASSAY_TILE(loadd, 7, k_values, 64);
  for (std::size_t step = 0; step < steps; ++step) {
    ASSAY_TILE(dpbf16ps, 0, 4, 6);
    ASSAY_TILE(dpbf16ps, 1, 4, 7);
    ASSAY_TILE(dpbf16ps, 2, 5, 6);
    ASSAY_TILE(dpbf16ps, 3, 5, 7);
  }
  alignas(64) float sums[k_tile_rows][k_rows];
  ASSAY_TILE(stored, 3, sums, sizeof(sums[0]));
  settle_memory();
  return sums[0][0];
}

/// Of one step.
constexpr double k_bf16_loop_flops = 4.0 * 2.0 * 16.0 * 16.0 * 32.0;

}  // namespace
}  // namespace assay
