#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Replaces what identifies a machine or its users in text and in paths: words that were named
/// (host, users), UUIDs, hardware addresses, long hexadecimal identities (containers). Each becomes
/// "anonymous-N", everywhere the same, so that paths in files still lead to folders.
class AnonymousText {
 public:
  /// `harmless` stays though it looks like an identity.
  explicit AnonymousText(std::vector<std::string> words, std::vector<std::string> harmless = {});

  [[nodiscard]] std::string anonymous(std::string_view text);
  /// The same of a path; words that were named count in control groups only, whose folders people
  /// name: a user may be called "cpu", and the kernel's folders keep their names.
  [[nodiscard]] std::string anonymous_path(std::string_view path);
  /// The text that became `text`.
  [[nodiscard]] std::string original(std::string_view text) const;

 private:
  std::string replaced(std::string_view text, bool words_count);
  std::string stand_in(std::string_view secret);
  /// Length of what has to go at the start of `text`; `before` is the letter in front of it.
  [[nodiscard]] std::size_t secret_length(std::string_view text, char before,
                                          bool words_count) const;

  std::vector<std::string> words_;  // longest first
  std::vector<std::string> harmless_;
  std::map<std::string, std::string, std::less<>> stand_ins_;
  std::map<std::string, std::string, std::less<>> originals_;
};

}  // namespace assay
