// How fast the engine runs one model: model_speed MODEL.gguf [THREADS] [ISA] [PROMPT] [GENERATE]
// [DEPTH] Prints load time, prefill and decode rates (best and median of three), the distance from
// the float64 pass, and peak memory.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
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
  std::uint32_t prompt = 512;
  std::uint32_t generate = 64;
  std::uint32_t depth = 0;
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

int run(const Arguments& arguments) {
  const auto features = assay::live_cpu_features();
  const auto kernels = assay::select_kernels(features, arguments.isa);
  auto file = assay::GgufFile::open(arguments.model);
  if (!kernels || !file) {
    fmt::print(stderr, "{}\n", kernels ? file.error().text() : kernels.error().text());
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
  const double gigabytes = static_cast<double>(file->file().size().value) / 1e9;
  fmt::print("{} {} threads: load {:.2f} s, {:.2f} s/GB\n", (*kernels)->isa, arguments.threads,
             load, load / gigabytes);
  const std::uint32_t context = arguments.depth + arguments.prompt + arguments.generate;
  const assay::SessionShape shape{context, assay::CacheFormat::f16, 512, arguments.threads};
  auto session = assay::Session::open(*model, shape, pool);
  if (!session || !session->fill_to(arguments.depth, 1)) return 1;
  session->mark();
  const std::uint32_t vocabulary = model->spec().vocabulary;
  std::vector<double> prefill;
  std::vector<double> decode;
  for (int i = 0; i < 4; ++i) {  // the first is the warm-up
    prefill.push_back(prefill_rate(*session, arguments, vocabulary));
    decode.push_back(decode_rate(*session, arguments, vocabulary));
  }
  const auto line = [](const char* name, std::vector<double> rates) {
    rates.erase(rates.begin());
    std::sort(rates.begin(), rates.end());
    fmt::print("{}: median {:.2f} best {:.2f} tokens/s\n", name, rates[rates.size() / 2],
               rates.back());
  };
  line("prefill", prefill);
  line("decode", decode);
  if (!session->rewind(arguments.depth)) return 1;
  const auto check = std::chrono::steady_clock::now();
  const auto nmse = assay::reference_nmse(*model, *session, 3);
  fmt::print("reference: nmse {:.3g} in {:.2f} s\n", nmse ? *nmse : -1.0, seconds_since(check));
  fmt::print("{}, predicted {} kB\n", peak_memory(),
             assay::footprint(model->spec(), model->plan(), shape).peak().value / 1024);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr,
               "usage: model_speed MODEL.gguf [THREADS] [ISA|best] [PROMPT] [GENERATE] [DEPTH]\n");
    return 2;
  }
  Arguments arguments;
  arguments.model = argv[1];
  if (argc > 2) arguments.threads = static_cast<unsigned>(std::atoi(argv[2]));
  if (argc > 3 && std::string(argv[3]) != "best") arguments.isa = argv[3];
  if (argc > 4) arguments.prompt = static_cast<std::uint32_t>(std::atoi(argv[4]));
  if (argc > 5) arguments.generate = static_cast<std::uint32_t>(std::atoi(argv[5]));
  if (argc > 6) arguments.depth = static_cast<std::uint32_t>(std::atoi(argv[6]));
  return run(arguments);
}
