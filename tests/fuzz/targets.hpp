#pragma once

#include <span>
#include <string_view>

namespace assay {

/// What a fuzzer feeds: each takes any bytes and returns; only a sanitizer, a signal or a limit can
/// end it otherwise. Nothing is kept between calls.
struct FuzzTarget {
  std::string_view name;
  void (*run)(std::string_view input);
};

/// A GGUF file: header, keys, tensor list; then the spec and the plan that it describes.
void fuzz_gguf_header(std::string_view input);
/// A GGUF header, completed with data: parse, load, one token, one check against float64.
void fuzz_model(std::string_view input);
/// A GGUF file that is asked for its vocabulary only; the input is also the text to be encoded.
void fuzz_tokenizer(std::string_view input);
/// A result document: read, checked, rendered in every format, compared, exported.
void fuzz_result_json(std::string_view input);
/// A suite of workloads, a policy, a catalogue or a model's config.json: the first byte says which.
void fuzz_config(std::string_view input);

/// All of them.
std::span<const FuzzTarget> fuzz_targets();

}  // namespace assay
