#include "reference-engine/ops/matmul.hpp"

#include <algorithm>
#include <vector>

namespace assay {
namespace {

/// How one product is cut into pieces that threads take one after the other.
struct Cut {
  std::size_t pieces;
  std::size_t panels;  // of one piece; with streams: in each of them
  bool streams;        // one column, read at k_streams distant places
};

// Pieces of about 256 KiB of weights: 10 us of reading, long against taking a piece (0.1 us) and
// short against a product of some MiB.
constexpr std::size_t k_piece_bytes = std::size_t{256} * 1024;
// Rows of a piece with many columns: kernels gather the columns once for a piece, so it is as large
// as leaves each thread several of them.
constexpr std::size_t k_fewest_piece_rows = 32;
constexpr std::size_t k_most_piece_rows = 256;
constexpr std::size_t k_pieces_of_thread = 4;

std::size_t piece_rows(std::size_t rows, unsigned threads) {
  const std::size_t share = rows / (threads * k_pieces_of_thread);
  return std::clamp(share / k_fewest_piece_rows * k_fewest_piece_rows, k_fewest_piece_rows,
                    k_most_piece_rows);
}

Cut cut_of(const Product& product, unsigned threads) {
  const PackedMatrix& matrix = *product.matrix;
  const std::size_t panels = matrix.panel_count();
  const std::size_t bytes = std::max<std::size_t>(matrix.panel_bytes(), 1);
  if (product.columns == 1 && panels >= k_streams) {
    const std::size_t stream = panels / k_streams;
    const std::size_t in_piece =
        std::clamp<std::size_t>(k_piece_bytes / k_streams / bytes, 1, stream);
    const std::size_t rest = panels % k_streams != 0 ? 1 : 0;
    return {(stream + in_piece - 1) / in_piece + rest, in_piece, true};
  }
  const std::size_t in_piece =
      std::max<std::size_t>(piece_rows(matrix.rows, threads) / matrix.kernels->panel_rows, 1);
  return {(panels + in_piece - 1) / in_piece, in_piece, false};
}

/// Adjacent panels times all columns.
void multiply_adjacent(const Product& product, std::size_t first, std::size_t count) {
  const PackedMatrix& matrix = *product.matrix;
  const std::size_t first_row = first * matrix.kernels->panel_rows;
  const PanelProduct panels{
      .panels = matrix.panel(product.expert, first),
      .rows = std::min(count * matrix.kernels->panel_rows, matrix.rows - first_row),
      .q8 = matrix.kernels->takes_q8 ? &product.x.q8 : nullptr,
      .f32 = matrix.kernels->takes_q8 ? nullptr : &product.x.f32,
      .columns = product.columns,
      .out = product.out + first_row,
      .stride = product.stride};
  matrix.kernels->multiply(&panels);
}

/// One column: the matrix is cut into as many equal parts as there are streams, and a piece is the
/// same range of each. The panels that are left over after the parts are the last piece.
void multiply_column(const Product& product, const Cut& cut, std::size_t piece) {
  const PackedMatrix& matrix = *product.matrix;
  const std::size_t panel_rows = matrix.kernels->panel_rows;
  const std::size_t part = matrix.panel_count() / k_streams;
  const std::size_t first = piece * cut.panels;
  if (first >= part) {
    const std::size_t done = part * k_streams;
    multiply_adjacent(product, done, matrix.panel_count() - done);
    return;
  }
  StreamProduct streams{};
  streams.panel_count = std::min(cut.panels, part - first);
  streams.q8 = matrix.kernels->takes_q8 ? &product.x.q8 : nullptr;
  streams.f32 = matrix.kernels->takes_q8 ? nullptr : &product.x.f32;
  streams.fetch_ahead = matrix.kernels->fetch_ahead;
  for (std::size_t s = 0; s < k_streams; ++s) {
    const std::size_t panel = s * part + first;
    streams.panels[s] = matrix.panel(product.expert, panel);
    streams.out[s] = product.out + panel * panel_rows;
  }
  const std::size_t last = (k_streams - 1) * part + first + streams.panel_count;
  const bool ragged = last * panel_rows > matrix.rows;
  if (ragged) --streams.panel_count;  // streams write full panels
  if (streams.panel_count > 0) matrix.kernels->multiply_streams(&streams);
  for (std::size_t s = 0; ragged && s < k_streams; ++s) {
    multiply_adjacent(product, s * part + first + streams.panel_count, 1);
  }
}

void multiply_piece(const Product& product, const Cut& cut, std::size_t piece) {
  if (cut.streams) {
    multiply_column(product, cut, piece);
  } else {
    const std::size_t first = piece * cut.panels;
    multiply_adjacent(product, first, std::min(cut.panels, product.matrix->panel_count() - first));
  }
}

}  // namespace

Activations Activations::from(std::size_t index) const {
  Activations later = *this;
  if (q8.codes != nullptr) {
    later.q8.codes += index * q8.k;
    later.q8.scales += index * (q8.k / 32);
    later.q8.sums += index * (q8.k / 16);
  }
  if (f32.values != nullptr) later.f32.values += index * f32.k;
  return later;
}

void multiply(ThreadPool& pool, std::span<const Product> products) {
  std::vector<Cut> cuts;
  std::vector<std::size_t> ends;  // pieces of all products up to and with this one
  cuts.reserve(products.size());
  ends.reserve(products.size());
  std::size_t pieces = 0;
  for (const Product& product : products) {
    cuts.push_back(cut_of(product, pool.size()));
    pieces += cuts.back().pieces;
    ends.push_back(pieces);
  }
  pool.for_each(pieces, 1, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto index =
          static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), i) - ends.begin());
      multiply_piece(products[index], cuts[index], i - (ends[index] - cuts[index].pieces));
    }
  });
}

}  // namespace assay
