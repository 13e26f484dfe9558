#pragma once

#include <cstdint>
#include <optional>

#include "advisor/policy.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "cli/command.hpp"
#include "reference-engine/footprint.hpp"

namespace assay {

// Options that several commands have, read in one way. Errors of all: usage.

/// The policy of --policy, or the built-in one. Errors: refused_input for a broken file.
Result<Policy> policy_option(const Invocation& invocation);
/// The use that --use names.
Result<Policy::Use> use_option(const Invocation& invocation, const Policy& policy);
/// The tokens of --context, "4096" or "32k" for 32 * 1024.
Result<std::uint32_t> context_option(const Invocation& invocation, std::uint64_t otherwise);
/// --threads, 1 to 4096.
Result<unsigned> threads_option(const Invocation& invocation, unsigned otherwise);
/// A size, "8G" or "16GiB"; nothing where it is not given.
Result<std::optional<Bytes>> bytes_option(const Invocation& invocation, const char* name);

/// Declares --cache-type; F16 where it is not given.
void declare_cache_option(options::options_description& own);
Result<CacheFormat> cache_option(const Invocation& invocation);

}  // namespace assay
