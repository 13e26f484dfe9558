#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/recording.hpp"

namespace assay {
namespace {

void add(std::string_view word, Identity& identity) {
  if (!word.empty()) identity.words.emplace_back(word);
}

/// "NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL"
void add_people(std::string_view passwd, Identity& identity) {
  // Where login.defs lets people begin, and the user "nobody".
  constexpr unsigned k_first = 1000;
  constexpr unsigned k_nobody = 65534;
  for (const std::string_view line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 7) continue;
    const auto id = parse_number<unsigned>(fields[2]);
    if (!id || *id < k_first || *id == k_nobody) continue;
    add(fields[0], identity);
    if (fields[5] != "/") add(fields[5], identity);
  }
}

}  // namespace

Identity identity_of(const HostView& machine) {
  Identity identity;
  for (const char* path : {"/proc/sys/kernel/hostname", "/etc/hostname"}) {
    const auto text = machine.read_text(path, 4096);
    if (!text) continue;
    const std::string_view name = trim(*text);
    add(name, identity);
    add(name.substr(0, name.find('.')), identity);
  }
  constexpr std::size_t k_most = std::size_t{1} << 20U;
  if (const auto text = machine.read_text("/etc/passwd", k_most)) add_people(*text, identity);
  return identity;
}

}  // namespace assay
