#include "cli/signals.hpp"

#include <unistd.h>
#include <csignal>

#include <atomic>

namespace assay {
namespace {

// The one mutable global of the program: a signal handler has no other way to be heard.
std::atomic<int> caught_signal{0};  // NOLINT(readability-identifier-naming): not a constant
std::stop_source* stop_source = nullptr;

extern "C" void on_signal(int number) {
  int none = 0;
  if (!caught_signal.compare_exchange_strong(none, number)) _exit(128 + number);
  // Nobody registers callbacks on the token, so this is one compare-and-swap without a lock.
  stop_source->request_stop();
}

}  // namespace

std::stop_token watch_signals() {
  static std::stop_source source;
  stop_source = &source;
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return source.get_token();
}

int exit_code_of_signal() {
  const int number = caught_signal.load();
  return number == 0 ? 0 : 128 + number;
}

}  // namespace assay
