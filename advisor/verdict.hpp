#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/catalogue.hpp"
#include "base/fact.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "reference-engine/footprint.hpp"

namespace assay {

enum class Origin { measured, predicted, unknown };
enum class VerdictKind { comfortable, ok, tight, no, unknown };
enum class Limit { memory, decode_speed, first_token, context, storage, unsupported, none };
std::string_view origin_name(Origin origin);
std::string_view basis_name(Basis basis);
std::string_view verdict_name(VerdictKind verdict);
std::optional<VerdictKind> verdict_from_name(std::string_view name);
std::string_view limit_name(Limit limit);
std::optional<Limit> limit_from_name(std::string_view name);

/// A number with its interval, and whether it was measured or predicted.
struct Estimate {
  double low = 0.0;
  double expected = 0.0;
  double high = 0.0;
  Origin origin = Origin::unknown;
  Basis basis = Basis::profile;
};

/// What is asked about: a model in a format, with a context, for a use.
struct Question {
  std::string model;
  ModelSpec spec;
  TensorPlan plan;
  std::string format;
  SessionShape session;       // session.context governs memory only
  std::uint64_t depth = 512;  // where the rates hold
  std::uint64_t prompt_tokens = 128;
  std::string use = "chat";
  bool engine_runs = true;
};

struct Prediction {
  Footprint footprint;
  Fact<Bytes> available;
  Bytes file_bytes;
  Estimate decode_tokens_per_second;
  Estimate prefill_tokens_per_second;
  Estimate time_to_first_token_seconds;
};

/// Calibration may be absent: then only memory is known.
Prediction predict(const Question& question, const std::optional<Calibration>& calibration,
                   const Fact<Bytes>& available_memory);

/// Thresholds: configs/policies/default.json says what each means.
struct Policy {
  std::string name;
  double decode_no = 4.0, decode_tight = 10.0, decode_ok = 20.0;  // tokens per second, upper ends
  double memory_comfortable = 0.70, memory_ok = 0.83,
         memory_tight = 0.95;  // share of what is available
  double first_token_comfortable_seconds = 1.0, first_token_ok_seconds = 4.0;
  struct Use {
    std::string name;
    std::uint64_t prompt_tokens = 128;
  };
  std::vector<Use> uses;
  [[nodiscard]] const Use* use(std::string_view name) const;
};
Result<Policy> builtin_policy();
Result<Policy> parse_policy(std::string_view json, const std::string& source);

struct Verdict {
  std::string model;
  std::string format;
  std::string device = "cpu";
  std::uint64_t context = 0;
  std::uint64_t depth = 512;
  VerdictKind verdict = VerdictKind::unknown;
  Limit limit = Limit::none;
  Prediction prediction;
  std::string why;                  // one sentence
  std::vector<std::string> advice;  // what would change it
};

/// The worst of memory, decode speed and first token, named.
Verdict judge(const Question& question, const Prediction& prediction, const Policy& policy);

/// Ranking of catalogue models and formats for one use, best first, with the reason in words.
struct Candidate {
  Verdict verdict;
  std::uint64_t parameters = 0;
  std::string release;
  std::string family;
  bool capability_inferred = true;  // ranked by size and age, no published score
  std::string reason;
};
struct Recommendation {
  std::string use;
  std::vector<Candidate> ranking;  // ok or better, best first
  std::string reason;              // why the first, or why none
  std::uint64_t considered = 0;
};
struct RecommendOptions {
  std::string use = "chat";
  std::uint64_t context = 4096;
  unsigned threads = 1;
};
Recommendation recommend(const Catalogue& catalogue, const std::optional<Calibration>& calibration,
                         const Fact<Bytes>& available_memory, const Policy& policy,
                         const RecommendOptions& options);

}  // namespace assay
