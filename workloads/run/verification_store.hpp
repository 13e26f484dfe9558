#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "workloads/run_result.hpp"

namespace assay {

/// What identifies one check of outputs: everything that could change its outcome.
struct VerificationKey {
  std::string shape;  // all sizes of the model, and the format of each tensor
  std::string isa;
  std::string build;    // of the program: an empty one is never stored
  std::string session;  // passes, cache, depth, threads
};

/// A check that passed before with the same key. A missing or broken file holds none.
std::optional<Verification> stored_verification(const std::filesystem::path& file,
                                                const VerificationKey& key);

/// Keeps a check that passed. Losing it costs time only, so a file that cannot be written is no
/// error.
void store_verification(const std::filesystem::path& file, const VerificationKey& key,
                        const Verification& verification);

/// The linker's build id of the running program as hexadecimal digits; empty when it has none.
std::string build_id();

}  // namespace assay
