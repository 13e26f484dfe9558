#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "reference-engine/gguf/gguf_writer.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quantisation.hpp"
#include "reference-engine/spec/recipe.hpp"

namespace assay {
namespace {

/// One tensor on its way from a file to another.
struct Move {
  const GgufTensor* from;
  const FormatDefinition* decoder;  // both null: the bytes are copied
  const FormatDefinition* encoder;
  WeightFormat to;

  [[nodiscard]] std::uint64_t columns() const { return from->dims[0]; }
  [[nodiscard]] std::uint64_t rows() const {
    return std::accumulate(from->dims.begin() + 1, from->dims.end(), std::uint64_t{1},
                           std::multiplies<>());
  }
};

struct RowError {
  double squares = 0.0;
  double squared_errors = 0.0;
};

/// What a thread needs for one row.
struct RowBuffers {
  std::vector<std::byte> stored;
  std::vector<float> values;
  std::vector<float> back;
};

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

RowError error_of(std::span<const float> values, std::span<const float> back) {
  RowError error;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<double>(values[i]);
    const double rest = static_cast<double>(back[i]) - value;
    error.squares += value * value;
    error.squared_errors += rest * rest;
  }
  return error;
}

/// Decodes row `row` of the input, encodes it into `into`, and decodes that again for its error.
Result<RowError> convert_row(const GgufFile& file, const Move& move, std::uint64_t row,
                             std::byte* into, RowBuffers& buffers) {
  const std::uint64_t k = move.columns();
  const std::uint64_t bytes = row_bytes(move.from->format, k);
  buffers.stored.resize(bytes);
  buffers.values.resize(k);
  buffers.back.resize(k);
  if (auto read = file.file().read_at(move.from->offset + row * bytes, buffers.stored); !read) {
    return pass_on(read);
  }
  move.decoder->decode(buffers.stored.data(), k, buffers.values.data());
  if (!all_finite(buffers.values)) {
    return file.refuse(fmt::format("tensor '{}'", move.from->name),
                       fmt::format("row {} holds a weight that is not finite", row));
  }
  move.encoder->encode(buffers.values.data(), k, into);
  move.encoder->decode(into, k, buffers.back.data());
  if (!all_finite(buffers.back)) {
    return file.refuse(
        fmt::format("tensor '{}'", move.from->name),
        fmt::format("row {} holds weights beyond the range of {} (expected a format of a wider "
                    "range: BF16 or F32)",
                    row, format_name(move.to)));
  }
  return error_of(buffers.values, buffers.back);
}

class ModelQuantiser {
 public:
  ModelQuantiser(const GgufFile& file, ThreadPool& pool, OutputFile& out,
                 const std::stop_token& stop, const QuantisationProgress& progress)
      : file_(file), pool_(pool), out_(out), stop_(stop), progress_(progress) {
    for (const GgufTensor& tensor : file.tensors()) total_ += tensor.bytes;
  }

  /// Writes one tensor, without padding.
  Result<QuantisedTensor> write(const Move& move) {
    QuantisedTensor done{move.from->name,         move.from->format, move.to,
                         Bytes(move.from->bytes), Bytes(),           move.columns() * move.rows()};
    done.bytes_after = Bytes(row_bytes(move.to, move.columns()) * move.rows());
    auto written = move.encoder == nullptr ? copy(move) : convert(move, done);
    if (!written) return pass_on(written);
    return done;
  }

 private:
  /// Reports, and notices a stop. Called between parts.
  Result<void> pause(const Move& move) {
    if (stop_.stop_requested()) {
      return fail(ErrorCode::interrupted, "interrupted while quantising; nothing was written");
    }
    progress_(move.from->name, static_cast<double>(read_) / static_cast<double>(total_));
    return {};
  }

  Result<void> copy(const Move& move) {
    std::vector<std::byte> part;
    for (std::uint64_t at = 0; at < move.from->bytes; at += part.size()) {
      if (auto go = pause(move); !go) return go;
      part.resize(std::min<std::uint64_t>(k_part_bytes, move.from->bytes - at));
      if (auto read = file_.file().read_at(move.from->offset + at, part); !read) return read;
      if (auto wrote = out_.write(part); !wrote) return wrote;
      read_ += part.size();
    }
    return {};
  }

  Result<void> convert(const Move& move, QuantisedTensor& done) {
    const std::uint64_t row_values = move.columns();
    const std::uint64_t rows = move.rows();
    const std::uint64_t most = std::max<std::uint64_t>(1, k_part_values / row_values);
    for (std::uint64_t first = 0; first < rows; first += most) {
      if (auto go = pause(move); !go) return go;
      const std::uint64_t count = std::min(most, rows - first);
      if (auto converted = convert_rows(move, first, count); !converted) return converted;
      for (const RowError& error : errors_) {
        done.squares += error.squares;
        done.squared_errors += error.squared_errors;
      }
      if (auto wrote = out_.write(encoded_); !wrote) return wrote;
      read_ += count * row_bytes(move.from->format, row_values);
    }
    return {};
  }

  /// All threads of the pool, row by row, into encoded_ and errors_.
  Result<void> convert_rows(const Move& move, std::uint64_t first, std::uint64_t count) {
    const std::uint64_t bytes = row_bytes(move.to, move.columns());
    encoded_.resize(count * bytes);
    errors_.assign(count, RowError());
    buffers_.resize(pool_.size());
    std::mutex guard;
    std::optional<Error> failure;
    pool_.for_each(count, 1, [&](std::size_t begin, std::size_t end, unsigned thread) {
      for (std::size_t i = begin; i < end; ++i) {
        auto error =
            convert_row(file_, move, first + i, encoded_.data() + i * bytes, buffers_[thread]);
        if (error) {
          errors_[i] = *error;
          continue;
        }
        const std::lock_guard lock(guard);
        if (!failure) failure = error.error();
      }
    });
    if (failure) return tl::unexpected<Error>(*failure);
    return {};
  }

  static constexpr std::uint64_t k_part_bytes = std::uint64_t{16} << 20;
  static constexpr std::uint64_t k_part_values = std::uint64_t{4} << 20;

  const GgufFile& file_;
  ThreadPool& pool_;
  OutputFile& out_;
  const std::stop_token& stop_;
  const QuantisationProgress& progress_;
  std::uint64_t total_ = 0;
  std::uint64_t read_ = 0;
  std::vector<std::byte> encoded_;
  std::vector<RowError> errors_;
  std::vector<RowBuffers> buffers_;
};

/// Which tensor goes where, in the order of the file.
Result<std::vector<Move>> plan_moves(const GgufFile& file, Recipe recipe) {
  const auto spec = model_spec(file);
  if (!spec) return pass_on(spec);
  const auto plan = tensor_plan(file, *spec);
  if (!plan) return pass_on(plan);
  std::unordered_map<std::string_view, const PlannedTensor*> planned;
  for (const PlannedTensor& tensor : plan->tensors) planned.emplace(tensor.name, &tensor);
  std::vector<Move> moves;
  for (const GgufTensor& tensor : file.tensors()) {
    Move move{&tensor, nullptr, nullptr, tensor.format};
    const auto found = planned.find(tensor.name);
    // The projection of layer inputs stays as it is: that of a model in F16 does not become BF16.
    const bool kept = found != planned.end() && recipe_base_is_quantised(recipe) &&
                      found->second->role == TensorRole::layer_input_projection;
    if (found != planned.end() && is_matrix(found->second->role) && !kept) {
      move.to = recipe_format(recipe, *found->second, *spec);
    }
    if (move.to != tensor.format) {
      move.decoder = format_definition(tensor.format);
      move.encoder = format_definition(move.to);
      if (move.decoder == nullptr || move.encoder == nullptr) {
        return file.refuse(fmt::format("tensor '{}'", tensor.name),
                           fmt::format("{} cannot be turned into {} (formats that can: those that "
                                       "the engine runs)",
                                       format_name(tensor.format), format_name(move.to)));
      }
    }
    moves.push_back(move);
  }
  return moves;
}

GgufContent content_of(const GgufFile& file, const std::vector<Move>& moves, Recipe recipe) {
  constexpr std::uint64_t k_quantization_version = 2;  // GGML_QNT_VERSION of ggml.h
  GgufContent content;
  for (const std::string& key : file.keys()) content.keys.push_back({key, *file.find(key)});
  content.set("general.file_type", {GgufType::u32, std::uint64_t{file_type_of(recipe)}});
  content.set("general.quantization_version", {GgufType::u32, k_quantization_version});
  for (const Move& move : moves) {
    content.tensors.push_back({move.from->name, move.from->dims, move.to, 0, 0});
  }
  return content;
}

}  // namespace

Bytes Quantisation::bytes_before() const {
  Bytes sum;
  for (const QuantisedTensor& tensor : tensors) sum += tensor.bytes_before;
  return sum;
}

Bytes Quantisation::bytes_after() const {
  Bytes sum;
  for (const QuantisedTensor& tensor : tensors) sum += tensor.bytes_after;
  return sum;
}

std::uint64_t Quantisation::values() const {
  std::uint64_t sum = 0;
  for (const QuantisedTensor& tensor : tensors) sum += tensor.values;
  return sum;
}

double Quantisation::relative_error() const {
  double squares = 0.0;
  double errors = 0.0;
  for (const QuantisedTensor& tensor : tensors) {
    squares += tensor.squares;
    errors += tensor.squared_errors;
  }
  return squares > 0.0 ? std::sqrt(errors / squares) : 0.0;
}

Result<Quantisation> quantise_model(const GgufFile& file, Recipe recipe, ThreadPool& pool,
                                    OutputFile& out, const std::stop_token& stop,
                                    const QuantisationProgress& progress) {
  const auto moves = plan_moves(file, recipe);
  if (!moves) return pass_on(moves);
  GgufContent content = content_of(file, *moves, recipe);
  const auto header = lay_out_gguf(content);
  if (!header) return pass_on(header);
  if (auto wrote = out.write(std::as_bytes(std::span(*header))); !wrote) return pass_on(wrote);
  ModelQuantiser quantiser(file, pool, out, stop, progress);
  Quantisation result;
  std::uint64_t position = header->size();
  const std::uint64_t alignment = content.alignment();
  for (std::size_t i = 0; i < moves->size(); ++i) {
    auto done = quantiser.write((*moves)[i]);
    if (!done) return pass_on(done);
    position += content.tensors[i].bytes;
    const std::vector<std::byte> padding((alignment - position % alignment) % alignment);
    if (auto wrote = out.write(padding); !wrote) return pass_on(wrote);
    position += padding.size();
    result.tensors.push_back(std::move(*done));
  }
  result.file_bytes = Bytes(position);
  return result;
}

}  // namespace assay
