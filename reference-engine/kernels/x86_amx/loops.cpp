// The loop that measures what a core can do at most.
#include "reference-engine/kernels/x86_amx/bf16_loop.inl"
#include "reference-engine/kernels/x86_amx/float_pieces.inl"
#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx/tiles.inl"

namespace assay {
namespace {

constexpr TileShapes k_full = shapes_for(64);

/// Four products of full tiles, from registers.
std::int32_t int8_loop(std::size_t steps) {
  alignas(64) static constexpr std::uint8_t k_codes[16][64] = {{1, 2, 3}};
  const Tiles tiles(k_full);
  ASSAY_TILE(zero, 0);
  ASSAY_TILE(zero, 1);
  ASSAY_TILE(zero, 2);
  ASSAY_TILE(zero, 3);
  ASSAY_TILE(loadd, 4, k_codes, 64);
  ASSAY_TILE(loadd, 5, k_codes, 64);
  ASSAY_TILE(loadd, 6, k_codes, 64);
  ASSAY_TILE(loadd, 7, k_codes, 64);
  for (std::size_t step = 0; step < steps; ++step) {
    ASSAY_TILE(dpbssd, 0, 4, 6);
    ASSAY_TILE(dpbssd, 1, 4, 7);
    ASSAY_TILE(dpbssd, 2, 5, 6);
    ASSAY_TILE(dpbssd, 3, 5, 7);
  }
  alignas(64) std::int32_t sums[k_tile_rows][k_rows];
  ASSAY_TILE(stored, 3, sums, sizeof(sums[0]));
  settle_memory();
  return sums[0][0];
}

}  // namespace

constinit const KernelTable k_amx_loops{
    .isa = "amx",
    // A product of a bfloat16 weight and a float32 value, the fastest of those that
    // x86_amx/plain.cpp makes, takes one of each of the value's pieces.
    .fma_loop = bf16_loop,
    .fma_flops_per_step = k_bf16_loop_flops / k_column_pieces,
    .int8_loop = int8_loop,
    .int8_ops_per_step = 4.0 * 2.0 * 16.0 * 16.0 * 64.0,
};

}  // namespace assay
