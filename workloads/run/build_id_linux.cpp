#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstddef>
#include <cstring>

#include "workloads/run/verification_store.hpp"

namespace assay {
namespace {

/// Looks for the GNU build-id note in one PT_NOTE segment. Source: elf(5).
void read_notes(const std::byte* notes, std::size_t size, std::string& id) {
  constexpr std::size_t k_alignment = 4;
  const auto padded = [](std::size_t bytes) {
    return (bytes + k_alignment - 1) & ~(k_alignment - 1);
  };
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note{};
    std::memcpy(&note, notes, sizeof(note));
    const std::size_t name = sizeof(note);
    const std::size_t content = name + padded(note.n_namesz);
    const std::size_t end = content + padded(note.n_descsz);
    if (end > size) return;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
        std::memcmp(notes + name, "GNU", sizeof("GNU")) == 0) {
      for (std::size_t i = 0; i < note.n_descsz; ++i) {
        id += fmt::format("{:02x}", std::to_integer<unsigned>(notes[content + i]));
      }
      return;
    }
    notes += end;
    size -= end;
  }
}

/// The first object that is reported is the program itself.
int read_first_object(dl_phdr_info* object, std::size_t /*size*/, void* into) {
  auto& id = *static_cast<std::string*>(into);
  for (int i = 0; i < object->dlpi_phnum && id.empty(); ++i) {
    const ElfW(Phdr)& header = object->dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives addresses as integers
    read_notes(reinterpret_cast<const std::byte*>(object->dlpi_addr + header.p_vaddr),
               header.p_memsz, id);
  }
  return 1;
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(read_first_object, &id);
  return id;
}

}  // namespace assay
