#pragma once

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

// What a fake library does is named in the file "scenario" of the folder that it was loaded from.

namespace fake {

inline std::string scenario(const void* of_library) {
  Dl_info where{};
  if (::dladdr(of_library, &where) == 0) return {};
  std::string path = where.dli_fname;
  std::ifstream file(path.substr(0, path.rfind('/')) + "/scenario");
  std::string name;
  std::getline(file, name);
  return name;
}

[[noreturn]] inline void hang() {
  ::signal(SIGTERM, SIG_IGN);
  while (true) ::pause();
}

/// Writes to every descriptor that is open, the answer's among them.
[[noreturn]] inline void flood() {
  ::signal(SIGPIPE, SIG_IGN);
  const std::string noise(65536, 'x');
  while (true) {
    for (int descriptor = 0; descriptor < 64; ++descriptor) {
      (void)!::write(descriptor, noise.data(), noise.size());
    }
  }
}

/// What drivers have been seen to do instead of their work.
inline void misbehave(std::string_view what) {
  if (what == "crash") ::raise(SIGSEGV);
  if (what == "abort") std::abort();
  if (what == "hang") hang();
  if (what == "flood") flood();
  if (what == "exit") std::exit(0);
  if (what == "_exit") ::_exit(0);
  if (what == "close") {
    ::close_range(0, ~0U, 0);
    hang();
  }
  if (what == "offspring") {  // a helper process that outlives the library's user
    ::fork();
    hang();
  }
}

}  // namespace fake
