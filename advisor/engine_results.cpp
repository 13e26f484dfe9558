#include "advisor/engine_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {
namespace {

constexpr std::string_view k_own_schema = "assay.engine-results/1";
// No machine has more, and no engine is faster with one sequence.
constexpr std::uint64_t k_most_threads = 4096;
constexpr std::uint64_t k_most_tokens = 1U << 24;
constexpr double k_fastest = 1e9;

std::string lower(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return small;
}

/// `least` and `most` lie within T.
template <typename T>
Result<T> bounded(const JsonFields& fields, std::string_view key, std::uint64_t least,
                  std::uint64_t most) {
  const auto value = fields.count(key);
  if (!value) return pass_on(value);
  if (*value >= least && *value <= most) return static_cast<T>(*value);
  return fields.refuse(key, fmt::format("{} (expected {} to {})", *value, least, most));
}

Result<double> rate(const JsonFields& fields, std::string_view key) {
  const auto value = fields.number(key);
  if (!value) return pass_on(value);
  if (*value > 0.0 && *value <= k_fastest) return *value;
  return fields.refuse(key, fmt::format("{} (expected tokens per second above 0)", *value));
}

/// The counts that both forms have, under their own names.
struct CountNames {
  const char* threads;
  const char* prompt;
  const char* generated;
  const char* depth;
};

void read_counts(const JsonFields& fields, const CountNames& names, FirstError& read,
                 EngineRow& row) {
  read.take(bounded<unsigned>(fields, names.threads, 1, k_most_threads), row.threads);
  read.take(bounded<std::uint64_t>(fields, names.prompt, 0, k_most_tokens), row.prompt_tokens);
  read.take(bounded<std::uint64_t>(fields, names.generated, 0, k_most_tokens),
            row.generated_tokens);
  // Older versions of llama-bench have no depth.
  if (fields.has(names.depth))
    read.take(bounded<std::uint64_t>(fields, names.depth, 0, k_most_tokens), row.depth);
}

/// What no prediction stands beside.
std::string unusable_workload(const EngineRow& row) {
  if (row.prompt_tokens > 0 && row.generated_tokens > 0) {
    return "mixes reading a prompt with decoding";
  }
  if (row.prompt_tokens == 0 && row.generated_tokens == 0) return "reads and writes no token";
  if (row.prompt_tokens > 0 && row.depth > 0) return "reads its prompt behind others";
  return {};
}

/// Rates of a GPU say nothing of this processor.
std::string unusable_device(const std::string& backends, const std::string& gpu,
                            const std::optional<double>& gpu_layers) {
  const bool has_gpu = !gpu.empty() && lower(backends) != "cpu";
  if (!has_gpu || gpu_layers.value_or(-1.0) == 0.0) return {};
  return fmt::format("ran on a GPU ({})", printable(gpu, 60));
}

Result<EngineRow> llama_bench_row(const JsonFields& fields) {
  EngineRow row;
  FirstError read;
  std::string file;
  std::string type;
  std::string backends;
  std::string gpu;
  row.engine = "llama.cpp";
  row.place = fields.pointer();
  read.take_if_there(fields.optional_text("build_commit"), row.version);
  read.take_if_there(fields.optional_text("cpu_info"), row.cpu);
  read.take_if_there(fields.optional_text("gpu_info"), gpu);
  read.take_if_there(fields.optional_text("backends"), backends);
  read.take_if_there(fields.optional_text("model_filename"), file);
  read.take_if_there(fields.optional_text("model_type"), type);
  auto parameters = fields.optional_count("model_n_params");
  auto gpu_layers = fields.optional_number("n_gpu_layers");
  if (!parameters) read.keep(pass_on(parameters));
  if (!gpu_layers) read.keep(pass_on(gpu_layers));
  read_counts(fields, {"n_threads", "n_prompt", "n_gen", "n_depth"}, read, row);
  read.take(rate(fields, "avg_ts"), row.tokens_per_second);
  if (!read.ok()) return read.failure();
  row.parameters = *parameters;
  const std::size_t folder = file.find_last_of("/\\");
  row.model = folder == std::string::npos ? file : file.substr(folder + 1);
  if (row.model.empty()) row.model = type;
  row.format = recipe_in(type);
  if (row.format.empty()) row.format = recipe_in(row.model);
  row.unusable = unusable_device(backends, gpu, *gpu_layers);
  if (row.unusable.empty()) row.unusable = unusable_workload(row);
  return row;
}

Result<std::vector<EngineRow>> llama_bench_rows(const Json& array, const std::string& source) {
  std::vector<EngineRow> rows;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const std::string place = fmt::format("/{}", i);
    if (!array[i].is_object()) {
      return fail(ErrorCode::refused_input,
                  fmt::format("{}: is not an object (expected a row of llama-bench)", place),
                  source);
    }
    auto row = llama_bench_row(JsonFields(array[i], source, place));
    if (!row) return pass_on(row);
    rows.push_back(std::move(*row));
  }
  return rows;
}

/// One object a line, each parsed by itself.
Result<Json> parse_lines(std::string_view text, const std::string& source) {
  Json array = Json::array();
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    auto object = parse_json(line, fmt::format("{}: line {}", source, number));
    if (!object) return pass_on(object);
    array.push_back(std::move(*object));
  }
  return array;
}

Result<std::vector<EngineRow>> own_rows(const JsonFields& document) {
  if (auto schema = require_schema(document, k_own_schema); !schema) return pass_on(schema);
  FirstError read;
  EngineRow common;
  read.take(document.text("engine"), common.engine);
  read.take_if_there(document.optional_text("version"), common.version);
  read.take(document.text("cpu"), common.cpu);
  if (!read.ok()) return read.failure();
  if (trim(common.engine).empty()) return document.refuse("engine", "is empty");
  const auto members = document.objects("rows");
  if (!members) return pass_on(members);
  std::vector<EngineRow> rows;
  for (const JsonFields& fields : *members) {
    EngineRow row = common;
    row.place = fields.pointer();
    read.take(fields.text("model"), row.model);
    read.take(fields.text("format"), row.format);
    read_counts(fields, {"threads", "prompt_tokens", "generated_tokens", "depth"}, read, row);
    read.take(rate(fields, "tokens_per_second"), row.tokens_per_second);
    if (!read.ok()) return read.failure();
    row.unusable = unusable_workload(row);
    rows.push_back(std::move(row));
  }
  return rows;
}

bool is_lines(std::string_view text) {
  const std::string_view first = trim(text.substr(0, text.find('\n')));
  return first.starts_with('{') && first.ends_with('}') &&
         first.find("\"n_gen\"") != std::string_view::npos;
}

Result<std::vector<EngineRow>> parse_rows(std::string_view text, const std::string& source) {
  auto document = is_lines(trim(text)) ? parse_lines(text, source) : parse_json(text, source);
  if (!document) return pass_on(document);
  if (document->is_array()) return llama_bench_rows(*document, source);
  if (document->is_object()) return own_rows(JsonFields(*document, source));
  return fail(ErrorCode::refused_input, "is neither an array nor an object", source);
}

}  // namespace

std::string recipe_in(std::string_view text) {
  // As llama_model_ftype_name writes mixtures (src/llama-model-loader.cpp of ggml-org/llama.cpp).
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> k_long_names{
      {{"q3_k - small", "Q3_K_S"},
       {"q3_k - medium", "Q3_K_M"},
       {"q3_k - large", "Q3_K_L"},
       {"q4_k - small", "Q4_K_S"},
       {"q4_k - medium", "Q4_K_M"},
       {"q5_k - small", "Q5_K_S"},
       {"q5_k - medium", "Q5_K_M"},
       {"q2_k - medium", "Q2_K"}}};
  const std::string small = lower(text);
  for (const auto& [words, recipe] : k_long_names) {
    if (small.find(words) != std::string::npos) return std::string(recipe);
  }
  // The longest name is meant: BF16 holds F16.
  std::string_view longest;
  for (const Recipe recipe : all_recipes()) {
    const std::string_view name = recipe_name(recipe);
    if (name.size() > longest.size() && small.find(lower(name)) != std::string::npos) {
      longest = name;
    }
  }
  return std::string(longest);
}

Result<std::vector<EngineRow>> parse_engine_results(std::string_view text,
                                                    const std::string& source) {
  auto rows = parse_rows(text, source);
  if (!rows) {
    Error error = rows.error();
    error.remedy = "`llama-bench -o json` writes what is read, or see docs/method.md for the form";
    return tl::unexpected<Error>(std::move(error));
  }
  if (rows->empty()) return fail(ErrorCode::refused_input, "holds no rows", source);
  if (rows->size() > k_most_engine_rows) {
    return fail(
        ErrorCode::refused_input,
        fmt::format("holds {} rows (expected at most {})", rows->size(), k_most_engine_rows),
        source);
  }
  return rows;
}

}  // namespace assay
