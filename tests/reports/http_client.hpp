#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// A plain TCP connection to a port of this machine, for tests: what is sent is up to the test.
class TestConnection {
 public:
  explicit TestConnection(std::uint16_t port);
  ~TestConnection();
  TestConnection(TestConnection&& other) noexcept;
  TestConnection& operator=(TestConnection&&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  void send(std::string_view bytes) const;
  /// Everything until the server closes, or until `limit_seconds` have passed.
  [[nodiscard]] std::string read_all(int limit_seconds = 10) const;
  void close();

 private:
  int descriptor_;
};

/// Sends `request` and reads the whole answer.
std::string http_exchange(std::uint16_t port, std::string_view request);
/// GET of a path by HTTP/1.1.
std::string http_get(std::uint16_t port, std::string_view path);

}  // namespace assay
