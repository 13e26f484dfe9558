#include "reports/fleet/breakage.hpp"

#include <array>

namespace assay {
namespace {

std::string without(const Json& document, const char* key) {
  Json changed = document;
  changed.erase(key);
  return changed.dump();
}

std::string with(const Json& document, const char* key, const Json& value) {
  Json changed = document;
  changed[key] = value;
  return changed.dump();
}

/// The text with `inserted` after the opening brace.
std::string with_front(const Json& document, std::string_view inserted) {
  std::string text = document.dump();
  text.insert(1, inserted);
  return text;
}

std::string utf16(const Json& document) {
  std::string text = "\xFF\xFE";
  for (const char letter : document.dump()) {
    text += letter;
    text += '\0';
  }
  return text;
}

constexpr std::array k_breakages{
    Breakage{"empty", [](const Json&) { return std::string(); }},
    Breakage{"one byte", [](const Json&) { return std::string("{"); }},
    Breakage{"cut in half",
             [](const Json& document) {
               const std::string text = document.dump();
               return text.substr(0, text.size() / 2);
             }},
    Breakage{"last byte missing",
             [](const Json& document) {
               std::string text = document.dump();
               text.pop_back();
               return text;
             }},
    Breakage{"NUL bytes instead of text",
             [](const Json& document) { return std::string(document.dump().size(), '\0'); }},
    Breakage{"NUL byte inside",
             [](const Json& document) { return with_front(document, std::string_view("\0", 1)); }},
    Breakage{
        "an error page",
        [](const Json&) { return std::string("<!DOCTYPE html><title>502 Bad Gateway</title>\n"); }},
    Breakage{"an array", [](const Json& document) { return Json::array({document}).dump(); }},
    Breakage{"null", [](const Json&) { return std::string("null"); }},
    Breakage{"no schema", [](const Json& document) { return without(document, "schema"); }},
    Breakage{"another schema",
             [](const Json& document) { return with(document, "schema", "other.result/1"); }},
    Breakage{"a newer major version",
             [](const Json& document) { return with(document, "schema", "assay.result/2"); }},
    Breakage{"no run id", [](const Json& document) { return without(document, "run_id"); }},
    Breakage{"run id a number", [](const Json& document) { return with(document, "run_id", 17); }},
    Breakage{"no machine", [](const Json& document) { return with(document, "machine", nullptr); }},
    Breakage{"date in words",
             [](const Json& document) { return with(document, "started_at", "yesterday"); }},
    Breakage{"verdicts a text",
             [](const Json& document) { return with(document, "verdicts", "comfortable"); }},
    Breakage{"a verdict without model",
             [](const Json& document) {
               Json changed = document;
               changed["verdicts"][0].erase("model");
               return changed.dump();
             }},
    Breakage{"NaN", [](const Json& document) { return with_front(document, "\"x\": NaN,"); }},
    Breakage{"a number beyond all",
             [](const Json& document) { return with_front(document, "\"x\": 1e400,"); }},
    Breakage{"a key twice",
             [](const Json& document) { return with_front(document, "\"schema\": 1,"); }},
    Breakage{"nested without end",
             [](const Json& document) {
               return with_front(document, "\"x\": " + std::string(100'000, '['));
             }},
    Breakage{"invalid UTF-8",
             [](const Json& document) { return with_front(document, "\"x\": \"\xC3\x28\","); }},
    Breakage{"text after the end", [](const Json& document) { return document.dump() + "EOF"; }},
    Breakage{"two documents in one",
             [](const Json& document) { return document.dump() + "\n" + document.dump(); }},
    Breakage{"UTF-16", utf16}};

}  // namespace

std::span<const Breakage> breakages() { return k_breakages; }

}  // namespace assay
