// The float32 tile of the instruction set that a translation unit is compiled for. It defines the
// formats F32, F16 and Bf16, with load8 and load1 of their stored values; Panel, TileColumns and
// k_tile, the columns of the widest tile; run_tiles and widen.
#pragma once

#if defined(__ARM_NEON)
#include "reference-engine/kernels/arm_neon/float_tile.inl"
#elif defined(__AVX512VNNI__)
#include "reference-engine/kernels/x86_avx512/float_tile.inl"
#else
#include "reference-engine/kernels/x86_avx2/float_tile.inl"
#endif
