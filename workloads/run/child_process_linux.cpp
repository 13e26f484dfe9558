#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "workloads/run/child_process.hpp"

namespace assay {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { reset(); }
  [[nodiscard]] int get() const { return number_; }
  void reset() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::io, fmt::format("no pipe to a child process: {}", std::strerror(errno)));
  }
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

constexpr int k_child_done = 0;
constexpr int k_child_could_not_write = 1;
constexpr int k_child_out_of_memory = 2;
constexpr int k_child_failed = 3;

/// The child should be what the system ends when memory runs out, not the parent or the shell.
void volunteer_for_the_killer() {
  const Descriptor score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score.get() >= 0) write_all(score.get(), "1000");
}

[[noreturn]] void be_the_child(const std::function<std::string(const std::stop_token&)>& body,
                               const Pipe& answer, const Pipe& control, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(k_child_failed);
  // A terminal signals the whole group. The parent hears it, and says so through the pipe.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  volunteer_for_the_killer();
  std::stop_source source;
  // Never joined: the child leaves by _exit.
  std::thread([&source, descriptor = control.read_end.get()] {
    char byte = 0;
    while (read(descriptor, &byte, 1) < 0 && errno == EINTR) {
    }
    source.request_stop();
  }).detach();
  int code = k_child_done;
  try {
    const std::string text = body(source.get_token());
    if (!write_all(answer.write_end.get(), text)) code = k_child_could_not_write;
  } catch (const std::bad_alloc&) {
    code = k_child_out_of_memory;
  } catch (const std::exception&) {
    code = k_child_failed;
  }
  _exit(code);
}

/// Ends and reaps the child however the parent leaves.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    wait_for_it();
  }
  void end_it() const { kill(process_, SIGKILL); }
  int wait_for_it() {
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return status;
  }

 private:
  pid_t process_;
};

/// Reads until the child closes its end. Passes a stop on, once; true when the child was killed for
/// not heeding it.
bool collect(const Descriptor& from, Descriptor& control, const Child& child,
             const std::stop_token& stop, std::string& text) {
  constexpr int k_look_again_milliseconds = 50;
  constexpr auto k_patience = std::chrono::seconds(10);
  std::chrono::steady_clock::time_point asked;
  while (true) {
    if (stop.stop_requested() && control.get() >= 0) {
      control.reset();
      asked = std::chrono::steady_clock::now();
    }
    if (control.get() < 0 && std::chrono::steady_clock::now() - asked > k_patience) {
      child.end_it();
      return true;
    }
    pollfd waiting{.fd = from.get(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, k_look_again_milliseconds) <= 0) continue;
    std::array<char, 65536> buffer{};
    const ssize_t got = read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<std::string> judge_exit(int status, bool was_killed, const std::string& what,
                               std::string text) {
  if (was_killed) return fail(ErrorCode::interrupted, what + ": interrupted");
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    if (number == SIGKILL) {
      return fail(ErrorCode::does_not_fit, what + ": the process was killed (out of memory?)", {},
                  "try a smaller model, format or context");
    }
    return fail(ErrorCode::internal,
                fmt::format("{}: the process crashed ({})", what, strsignal(number)));
  }
  switch (WEXITSTATUS(status)) {
    case k_child_done:
      return text;
    case k_child_out_of_memory:
      return fail(ErrorCode::does_not_fit, what + ": out of memory");
    default:
      return fail(ErrorCode::internal,
                  fmt::format("{}: the process ended with {}", what, WEXITSTATUS(status)));
  }
}

}  // namespace

Result<std::string> run_in_child(const std::string& what,
                                 const std::function<std::string(const std::stop_token&)>& body,
                                 const std::stop_token& stop) {
  auto answer = make_pipe();
  if (!answer) return pass_on(answer);
  auto control = make_pipe();
  if (!control) return pass_on(control);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process < 0) {
    return fail(ErrorCode::io, fmt::format("{}: no child process: {}", what, std::strerror(errno)));
  }
  if (process == 0) {
    answer->read_end.reset();
    control->write_end.reset();
    be_the_child(body, *answer, *control, parent);
  }
  Child child(process);
  answer->write_end.reset();
  control->read_end.reset();
  std::string text;
  const bool was_killed = collect(answer->read_end, control->write_end, child, stop, text);
  return judge_exit(child.wait_for_it(), was_killed, what, std::move(text));
}

}  // namespace assay
