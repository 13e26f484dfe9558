#include "reports/render/profile/fact_rows.hpp"

#include <fmt/ranges.h>

#include <array>
#include <cctype>
#include <utility>

namespace assay {
namespace {

struct Remedy {
  std::string_view mark;  // a part of the reason
  std::string_view advice;
};

constexpr std::array k_remedies{
    Remedy{"needs root", "sudo assay probe"},
    Remedy{"no CPUID recording was given", "give one with --cpuid FILE"},
    Remedy{"nvidia-smi", "nvidia-smi shows it"},
    Remedy{"firmware lists no memory modules", "`assay assess` measures what counts"},
    Remedy{"the firmware does not", "`assay assess` measures what counts"},
};

/// "Top clock" inside a sentence: "top clock"; "OS" stays.
std::string in_sentence(std::string_view label) {
  std::string word(label);
  const bool is_acronym = word.size() > 1 && std::isupper(static_cast<unsigned char>(word[1])) != 0;
  if (!word.empty() && !is_acronym) {
    word[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(word[0])));
  }
  return word;
}

}  // namespace

std::string_view remedy_for(std::string_view reason) {
  for (const Remedy& row : k_remedies) {
    if (reason.find(row.mark) != std::string_view::npos) return row.advice;
  }
  return {};
}

FactRows& FactRows::text(const std::string& label, const Fact<std::string>& fact,
                         std::string_view if_absent) {
  return this->fact(
      label, fact, [](const std::string& text) { return printable(text); }, if_absent);
}

FactRows& FactRows::bytes(const std::string& label, const Fact<Bytes>& fact,
                          std::string_view if_absent) {
  return this->fact(label, fact, [](Bytes bytes) { return human_bytes(bytes); }, if_absent);
}

FactRows& FactRows::row(std::string label, Cell cell) {
  section_.fields.push_back({std::move(label), std::move(cell)});
  return *this;
}

FactRows& FactRows::unknown(std::string_view label, const std::string& reason) {
  std::vector<std::string>& labels = labels_of_[reason];
  if (labels.empty()) reasons_.push_back(reason);
  labels.push_back(in_sentence(label));
  return *this;
}

Section FactRows::take() {
  std::string label = "Unknown";
  for (const std::string& reason : reasons_) {
    const std::string_view advice = remedy_for(reason);
    row(std::exchange(label, ""),
        {fmt::format("{}: {}{}{}", fmt::join(labels_of_[reason], ", "), printable(reason, 160),
                     advice.empty() ? "" : ": ", advice),
         Tone::faint});
  }
  return std::move(section_);
}

}  // namespace assay
