#include "cli/shared_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

#include "base/file.hpp"
#include "base/text.hpp"

namespace assay {

void declare_cache_option(options::options_description& own) {
  own.add_options()("cache-type",
                    options::value<std::string>()->value_name("T")->default_value("F16"),
                    "how keys and values are kept: F16, F32, BF16 or Q8_0");
}

Result<std::optional<Bytes>> bytes_option(const Invocation& invocation, const char* name) {
  if (!invocation.has(name)) return std::optional<Bytes>();
  const auto& text = invocation.get<std::string>(name);
  const auto bytes = parse_bytes(text);
  if (!bytes || bytes->value == 0) {
    return fail(ErrorCode::usage, fmt::format("--{}: '{}' is no size (expected 8G, 16GiB or bytes)",
                                              name, printable(text, 40)));
  }
  return bytes;
}

Result<CacheFormat> cache_option(const Invocation& invocation) {
  const auto& name = invocation.get<std::string>("cache-type");
  if (const auto cache = cache_format(name)) return *cache;
  return fail(ErrorCode::usage, fmt::format("--cache-type: '{}' (expected F16, F32, BF16 or Q8_0)",
                                            printable(name, 40)));
}

Result<unsigned> threads_option(const Invocation& invocation, unsigned otherwise) {
  constexpr long long k_most = 4096;
  if (!invocation.has("threads")) return otherwise;
  const auto value = invocation.get<long long>("threads");
  if (value < 1 || value > k_most) {
    return fail(ErrorCode::usage, fmt::format("--threads: {} (expected 1 to {})", value, k_most));
  }
  return static_cast<unsigned>(value);
}

Result<Policy> policy_option(const Invocation& invocation) {
  if (!invocation.has("policy")) return builtin_policy();
  const auto& path = invocation.get<std::string>("policy");
  constexpr Bytes k_most_policy_bytes = mebibytes(1);
  const auto text = read_file(path, k_most_policy_bytes);
  if (!text) return pass_on(text);
  return parse_policy(*text, path);
}

Result<Policy::Use> use_option(const Invocation& invocation, const Policy& policy) {
  const auto& name = invocation.get<std::string>("use");
  if (const Policy::Use* use = policy.use(name)) return *use;
  return fail(ErrorCode::usage, fmt::format("--use: '{}' (expected {})", printable(name, 40),
                                            fmt::join(policy.use_names(), ", ")));
}

Result<std::uint32_t> context_option(const Invocation& invocation, std::uint64_t otherwise) {
  constexpr std::uint64_t k_most_context = 1U << 30;
  if (!invocation.has("context")) return static_cast<std::uint32_t>(otherwise);
  const auto& text = invocation.get<std::string>("context");
  const bool thousands = text.ends_with('k') || text.ends_with('K');
  const std::string digits = thousands ? text.substr(0, text.size() - 1) : text;
  const bool is_number = !digits.empty() && digits.size() <= 10 &&
                         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  const std::uint64_t value = is_number ? std::stoull(digits) * (thousands ? 1024 : 1) : 0;
  if (value == 0 || value > k_most_context) {
    return fail(ErrorCode::usage, fmt::format("--context: '{}' (expected a count, as 4096 or 32k)",
                                              printable(text, 40)));
  }
  return static_cast<std::uint32_t>(value);
}

}  // namespace assay
