#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace assay {

/// The one pool of worker threads of the program; cli creates it and passes it down.
/// Workers spin for a short time between jobs (a decode step has hundreds of them), then sleep.
class ThreadPool {
 public:
  /// `threads` counts the calling thread: 1 means that everything runs on the caller.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] unsigned size() const;
  /// Runs job(thread) on every thread, 0 .. size()-1, and returns when all are done. Not
  /// re-entrant.
  void run(const std::function<void(unsigned thread)>& job);
  /// Splits [0, count) into pieces of `grain`, the last one of what is left: job(begin, end,
  /// thread). The pieces are the same for any number of threads, so that results are, too. Each
  /// thread takes those of its own share of the range in order, then what others have left.
  void for_each(
      std::size_t count, std::size_t grain,
      const std::function<void(std::size_t begin, std::size_t end, unsigned thread)>& job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace assay
