#include "reference-engine/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace assay {
namespace {

// A pause takes 10 to 20 ns on current x86 and ARM cores: 2048 of them are 20 to 40 us, longer than
// the serial gaps inside a decode step. A yield with nothing else to run takes about 0.3 us: 2048
// of them bridge the 0.5 ms between two tokens, and give the core away when it is oversubscribed.
constexpr int k_spins = 2048;
constexpr int k_yields = 2048;

void pause_core() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Returns once `word` differs from `old`: spins, then yields, then sleeps.
template <typename T>
T await_change(const std::atomic<T>& word, T old) {
  T now = word.load(std::memory_order_acquire);
  for (int i = 0; i < k_spins && now == old; ++i) {
    pause_core();
    now = word.load(std::memory_order_acquire);
  }
  for (int i = 0; i < k_yields && now == old; ++i) {
    std::this_thread::yield();
    now = word.load(std::memory_order_acquire);
  }
  while (now == old) {
    word.wait(old, std::memory_order_acquire);
    now = word.load(std::memory_order_acquire);
  }
  return now;
}

}  // namespace

struct ThreadPool::State {
  /// The pieces of for_each that one thread takes first, and others when they have none left. They
  /// are adjacent, since the processor fetches ahead: two threads that took turns on one range read
  /// at 55 to 85 % of the speed (Zen 4, decode).
  struct alignas(64) Share {
    std::atomic<std::size_t> next{0};  // the first that nobody has taken
    std::size_t end = 0;
  };

  // One cache line for each word that several threads spin on.
  alignas(64) std::atomic<std::uint32_t> generation{0};  // counts jobs; the last one ends the pool
  alignas(64) std::atomic<std::uint32_t> running{0};     // workers that have not finished the job
  std::vector<Share> shares;                             // one a thread
  const std::function<void(unsigned)>* job = nullptr;    // null: the workers end
  std::vector<std::thread> workers;
  std::mutex guard;
  std::exception_ptr thrown;  // by the first thread whose part of the job failed

  ~State() {
    publish(nullptr);
    for (std::thread& worker : workers) worker.join();
  }

  /// One thread's part of a job. What it throws (memory that is short) waits for the others' end.
  void call(const std::function<void(unsigned)>& part, unsigned thread) {
    try {
      part(thread);
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!thrown) thrown = std::current_exception();
    }
  }

  void publish(const std::function<void(unsigned)>* new_job) {
    job = new_job;
    running.store(static_cast<std::uint32_t>(workers.size()), std::memory_order_relaxed);
    generation.fetch_add(1, std::memory_order_release);
    generation.notify_all();
  }

  void work(unsigned thread) {
    std::uint32_t seen = 0;
    while (true) {
      seen = await_change(generation, seen);
      const auto* current = job;
      if (current == nullptr) return;
      call(*current, thread);
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) running.notify_one();
    }
  }

  void await_workers() {
    std::uint32_t left = running.load(std::memory_order_acquire);
    while (left != 0) left = await_change(running, left);
  }
};

ThreadPool::ThreadPool(unsigned threads) : state_(std::make_unique<State>()) {
  state_->shares = std::vector<State::Share>(std::max(threads, 1U));
  for (unsigned i = 1; i < threads; ++i) {
    state_->workers.emplace_back([state = state_.get(), i] { state->work(i); });
  }
}

ThreadPool::~ThreadPool() = default;

unsigned ThreadPool::size() const { return static_cast<unsigned>(state_->workers.size()) + 1; }

void ThreadPool::run(const std::function<void(unsigned thread)>& job) {
  if (state_->workers.empty()) {
    job(0);
    return;
  }
  state_->publish(&job);
  state_->call(job, 0);
  state_->await_workers();
  if (state_->thrown) std::rethrow_exception(std::exchange(state_->thrown, nullptr));
}

void ThreadPool::for_each(
    std::size_t count, std::size_t grain,
    const std::function<void(std::size_t begin, std::size_t end, unsigned thread)>& job) {
  if (count == 0) return;
  grain = std::max<std::size_t>(grain, 1);
  if (state_->workers.empty() || count <= grain) {
    for (std::size_t begin = 0; begin < count; begin += grain) {
      job(begin, std::min(begin + grain, count), 0);
    }
    return;
  }
  std::vector<State::Share>& shares = state_->shares;
  const std::size_t pieces = (count + grain - 1) / grain;
  for (std::size_t t = 0; t < shares.size(); ++t) {
    shares[t].next.store(pieces * t / shares.size(), std::memory_order_relaxed);
    shares[t].end = pieces * (t + 1) / shares.size();
  }
  run([&](unsigned thread) {
    for (std::size_t i = 0; i < shares.size(); ++i) {
      State::Share& share = shares[(thread + i) % shares.size()];
      while (true) {
        const std::size_t piece = share.next.fetch_add(1, std::memory_order_relaxed);
        if (piece >= share.end) break;
        job(piece * grain, std::min((piece + 1) * grain, count), thread);
      }
    }
  });
}

}  // namespace assay
