#include "workloads/run/verification_store.hpp"

#include "base/file.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

constexpr std::string_view k_schema = "assay.verification/1";
// Enough for every cell of a full suite on several builds; beyond it the oldest are dropped.
constexpr std::size_t k_most_entries = 500;

std::string entry_name(const VerificationKey& key) {
  return key.shape + " | " + key.isa + " | " + key.session + " | build " + key.build;
}

/// The entries of the file, or none when it is missing, broken or of another version.
Json read_entries(const std::filesystem::path& file) {
  const auto document = read_json_file(file, mebibytes(4));
  if (!document) return Json::object();
  const JsonFields root(*document, file.string());
  const auto schema = root.text("schema");
  const auto entries = root.object("passed");
  if (!schema || *schema != k_schema || !entries) return Json::object();
  return entries->json();
}

}  // namespace

std::optional<Verification> stored_verification(const std::filesystem::path& file,
                                                const VerificationKey& key) {
  if (file.empty() || key.build.empty()) return std::nullopt;
  const Json entries = read_entries(file);
  const auto entry = JsonFields(entries, file.string()).object(entry_name(key));
  if (!entry) return std::nullopt;
  const auto nmse = entry->number("logit_nmse");
  const auto kernels = entry->count("kernels_checked");
  if (!nmse || !kernels) return std::nullopt;
  return Verification{
      .passed = true, .logit_nmse = *nmse, .kernels_checked = *kernels, .reason = {}};
}

void store_verification(const std::filesystem::path& file, const VerificationKey& key,
                        const Verification& verification) {
  if (file.empty() || key.build.empty() || !verification.passed || !verification.logit_nmse) return;
  Json entries = read_entries(file);
  entries[entry_name(key)] = {{"logit_nmse", *verification.logit_nmse},
                              {"kernels_checked", verification.kernels_checked}};
  while (entries.size() > k_most_entries) entries.erase(entries.begin());
  const Json document = {{"schema", k_schema}, {"passed", entries}};
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  // Nothing is lost but the time of checking again.
  static_cast<void>(write_file_atomically(file, document.dump(1) + "\n"));
}

}  // namespace assay
