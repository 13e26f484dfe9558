// How fast the engine runs one model, for races (race.py) and for work on kernels. Prints load
// time, prefill and decode rates, and peak memory; `assay bench` is the tool that checks and
// judges.

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/verification.hpp"

namespace {

using assay::TokenId;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM")) return line;
  }
  return "unknown";
}

std::vector<TokenId> tokens_of(std::size_t count, std::uint32_t vocabulary) {
  std::vector<TokenId> tokens(count);
  for (std::size_t i = 0; i < count; ++i) {
    tokens[i] = static_cast<TokenId>((i * 7919 + 3) % vocabulary);
  }
  return tokens;
}

struct Arguments {
  std::string model;
  unsigned threads = 2;
  std::string isa;
  std::string numerics = "exact";
  std::uint32_t prompt = 512;
  std::uint32_t generate = 64;
  std::uint32_t depth = 0;
  std::string cache = "f16";
  unsigned runs = 1;
  bool json = false;
  bool check = false;
};

double prefill_rate(assay::Session& session, const Arguments& arguments, std::uint32_t vocabulary) {
  if (!session.rewind(arguments.depth)) return 0.0;
  const auto prompt = tokens_of(arguments.prompt, vocabulary);
  const auto start = std::chrono::steady_clock::now();
  if (!session.evaluate(prompt)) return 0.0;
  return arguments.prompt / seconds_since(start);
}

double decode_rate(assay::Session& session, const Arguments& arguments, std::uint32_t vocabulary) {
  const auto tokens = tokens_of(arguments.generate, vocabulary);
  const auto start = std::chrono::steady_clock::now();
  for (const TokenId& token : tokens) {
    if (!session.evaluate({&token, 1})) return 0.0;
  }
  return arguments.generate / seconds_since(start);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// One line for a person, or one JSON object: seconds to load; pp and tg in tokens/s; of a prompt
/// token on average the operations with weights and those of attention; the bytes that a generated
/// token reads.
void print_rates(const Arguments& arguments, double load, const assay::Footprint& cost,
                 const std::vector<double>& prefill, const std::vector<double>& decode) {
  if (arguments.json) {
    const double head = cost.head_flops / std::max(arguments.prompt, 1U);
    fmt::print(
        "{{\"load_seconds\": {:.3f}, \"pp\": {:.3f}, \"tg\": {:.3f}, "
        "\"weight_operations\": {:.0f}, \"attention_operations\": {:.0f}, "
        "\"token_bytes\": {}}}\n",
        load, median(prefill), median(decode), cost.flops_per_token + head,
        assay::attention_flops(cost, arguments.depth + arguments.prompt / 2.0),
        assay::bytes_per_token(cost, arguments.depth + arguments.generate / 2).value);
    return;
  }
  fmt::print("prefill: median {:.2f} tokens/s, decode: median {:.2f} tokens/s\n", median(prefill),
             median(decode));
}

int measure(const Arguments& arguments, double load, const assay::Model& model,
            const assay::Footprint& cost, assay::Session& session) {
  const std::uint32_t vocabulary = model.spec().vocabulary;
  Arguments warm_up = arguments;
  warm_up.prompt = std::min(arguments.prompt, 32U);
  warm_up.generate = 2;
  prefill_rate(session, warm_up, vocabulary);
  decode_rate(session, warm_up, vocabulary);
  std::vector<double> prefill;
  std::vector<double> decode;
  for (unsigned i = 0; i < arguments.runs; ++i) {
    prefill.push_back(prefill_rate(session, arguments, vocabulary));
    if (!session.rewind(arguments.depth)) return 1;
    decode.push_back(decode_rate(session, arguments, vocabulary));
  }
  print_rates(arguments, load, cost, prefill, decode);
  if (arguments.check) {
    if (!session.rewind(arguments.depth)) return 1;
    const auto nmse = assay::reference_nmse(model, session, 3);
    fmt::print("reference: nmse {:.3g}\n", nmse ? *nmse : -1.0);
  }
  return 0;
}

/// What --isa and --numerics ask for.
assay::Result<const assay::KernelTable*> kernels_of(const Arguments& arguments) {
  const auto numerics = assay::numerics_of_name(arguments.numerics);
  if (!numerics) return assay::pass_on(numerics);
  return assay::select_kernels(assay::live_cpu_features(), arguments.isa, *numerics);
}

int run(const Arguments& arguments) {
  const auto kernels = kernels_of(arguments);
  const auto cache = assay::cache_format(arguments.cache);
  auto file = assay::GgufFile::open(arguments.model);
  if (!kernels || !cache || !file) {
    fmt::print(stderr, "{}\n",
               !kernels
                   ? kernels.error().text()
                   : (!cache ? "--cache: expected f16, f32, bf16 or q8_0" : file.error().text()));
    return 1;
  }
  assay::ThreadPool pool(arguments.threads);
  const auto start = std::chrono::steady_clock::now();
  const auto model = assay::load_model(*file, **kernels, pool);
  if (!model) {
    fmt::print(stderr, "{}\n", model.error().text());
    return 1;
  }
  const double load = seconds_since(start);
  const std::uint32_t context =
      arguments.depth + std::max(arguments.prompt, arguments.generate) + 1;
  const assay::SessionShape shape{context, *cache, 512, arguments.threads};
  auto session = assay::Session::open(*model, shape, pool);
  if (!session || !session->fill_to(arguments.depth, 1)) return 1;
  session->mark();
  if (!arguments.json) {
    const double gigabytes = static_cast<double>(file->file().size().value) / 1e9;
    fmt::print("{}, {} threads: load {:.2f} s, {:.2f} s/GB\n", (*kernels)->isa, arguments.threads,
               load, load / gigabytes);
  }
  const assay::Footprint cost = assay::footprint(model->spec(), model->plan(), shape);
  const int code = measure(arguments, load, *model, cost, *session);
  if (!arguments.json) {
    fmt::print("{}, predicted {} kB\n", peak_memory(), cost.peak().value / 1024);
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  namespace options = boost::program_options;
  Arguments arguments;
  options::options_description all("model_speed MODEL.gguf [OPTIONS]");
  auto add = all.add_options();
  add("model", options::value(&arguments.model)->required(), "a GGUF file");
  add("threads", options::value(&arguments.threads)->default_value(2), "");
  add("isa", options::value(&arguments.isa),
      "kernels: scalar, avx2, avxvnni, avx512, amx (default: the best)");
  add("numerics", options::value(&arguments.numerics)->default_value("exact"),
      "exact, or native: BF16 weights multiply activations rounded to BF16");
  add("prompt", options::value(&arguments.prompt)->default_value(512), "tokens of the prompt");
  add("generate", options::value(&arguments.generate)->default_value(64), "tokens to generate");
  add("depth", options::value(&arguments.depth)->default_value(0), "tokens in the cache before");
  add("cache", options::value(&arguments.cache)->default_value("f16"), "f16, f32, bf16 or q8_0");
  add("runs", options::value(&arguments.runs)->default_value(1), "timed runs; medians are printed");
  add("json", options::bool_switch(&arguments.json),
      "the two rates and what a token costs, as JSON");
  add("check", options::bool_switch(&arguments.check), "compare with the float64 pass as well");
  options::positional_options_description positions;
  positions.add("model", 1);
  try {
    options::variables_map values;
    options::store(
        options::command_line_parser(argc, argv).options(all).positional(positions).run(), values);
    options::notify(values);
  } catch (const options::error& error) {
    std::cerr << error.what() << '\n' << all;
    return 2;
  }
  return arguments.runs == 0 ? 2 : run(arguments);
}
