#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace assay {

/// A set of code points, as a pattern names it.
struct CodePointSet {
  std::uint32_t classes = 0;  // bit n: CodePointClass n
  bool white_space = false;
  bool negated = false;
  std::vector<std::pair<char32_t, char32_t>> ranges;

  [[nodiscard]] bool contains(char32_t code_point) const;
  bool operator==(const CodePointSet&) const = default;
};

/// One step of a pattern's program; `to` and `other` are relative to the step itself.
struct PatternStep {
  enum class Kind : std::uint8_t {
    matched,
    take,      // the code point must be in a set, and is taken
    peek,      // it must be in a set, and stays
    peek_not,  // it must not be in a set, or the text is at its end
    at_end,
    jump,
    fork,  // `to` comes before `other`
  };
  Kind kind;
  std::uint32_t set = 0;
  std::int32_t to = 0;
  std::int32_t other = 0;
};

/// A regular expression over Unicode code points with the meaning that backtracking engines give
/// it (leftmost, then the first alternative, then the longest repetition), compiled to a program
/// without backtracking.
///
/// Grammar: a|b, (?:...), sets [...] and [^...], \p{L} \p{M} \p{N} \p{P} \p{S}, \s \S \r \n \t,
/// greedy * + ? {n} {n,m}, $ for the end of the text, and (?=...) (?!...) around one set.
class Pattern {
 public:
  /// Errors: refused_input where the text is not of this grammar.
  static Result<Pattern> parse(std::string_view text);

  [[nodiscard]] std::span<const PatternStep> steps() const { return steps_; }
  /// Bit n: the code point is in set n.
  [[nodiscard]] std::uint64_t sets_of(char32_t code_point) const {
    return code_point < k_ascii ? ascii_sets_[code_point] : compare(code_point);
  }

 private:
  static constexpr std::size_t k_ascii = 128;
  Pattern() = default;
  [[nodiscard]] std::uint64_t compare(char32_t code_point) const;

  std::vector<PatternStep> steps_;
  std::vector<CodePointSet> sets_;  // at most 64
  std::array<std::uint64_t, k_ascii> ascii_sets_{};
};

/// Searches one pattern in many texts. Time: proportional to the length of what is looked at, times
/// the steps of the pattern at most (Pike's simulation: every alternative at once).
/// Source: Russ Cox, "Regular Expression Matching: the Virtual Machine Approach" (2009).
class PatternSearch {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
  };

  explicit PatternSearch(const Pattern& pattern);
  /// The first match that is not empty at or after `from`.
  std::optional<Match> find(std::span<const char32_t> text, std::size_t from);

 private:
  struct Thread {
    std::uint32_t step;
    std::size_t begin;
  };
  /// What a step may ask of the place where the text has come to.
  struct Place {
    std::uint64_t sets;
    bool end;
  };
  [[nodiscard]] Place place(std::span<const char32_t> text, std::size_t at) const;
  void add(std::vector<Thread>& threads, std::uint32_t step, std::size_t begin, Place place);

  const Pattern* pattern_;
  std::vector<Thread> now_;
  std::vector<Thread> next_;
  std::vector<std::uint32_t> waiting_;
  std::vector<std::uint64_t> seen_;  // by step: the last round in which it was added
  std::uint64_t round_ = 0;
};

}  // namespace assay
