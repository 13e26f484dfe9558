#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace assay {

/// Where a server listens: an address (no name: nothing is resolved) and a port, 0 for a free one.
struct ListenAddress {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9877;
};

/// "127.0.0.1:9877", "[::1]:9877", "localhost:9877", ":9877" (the default address). Errors: usage.
Result<ListenAddress> parse_listen_address(std::string_view text);
/// Whether only this machine can reach the address.
bool is_loopback(const ListenAddress& where);
/// The text that parse_listen_address reads.
std::string listen_address_text(const ListenAddress& where);

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Answers GET and HEAD of a path (the query is cut off). Runs on the server's only thread.
using HttpHandler = std::function<HttpReply(std::string_view path)>;

/// What bounds a server; the defaults hold for an exporter.
struct HttpLimits {
  std::size_t most_sessions = 256;  // further clients wait in the kernel's queue
  double session_seconds = 2.0;     // from accept to close, however the client behaves
};

/// A small HTTP server: one thread, one request a connection, GET and HEAD only, headers of at most
/// 16 KiB. A client that stalls costs a socket for a moment and holds nobody up.
class HttpServer {
 public:
  /// Binds and listens. Errors: io, with the system's words (a port in use).
  static Result<HttpServer> listen(const ListenAddress& where, HttpHandler handler,
                                   const HttpLimits& limits = {});
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) noexcept;
  ~HttpServer();

  /// Where it listens, with the port that it got.
  [[nodiscard]] ListenAddress where() const;
  /// Answers requests until a stop is requested (looked at ten times a second).
  Result<void> run(const std::stop_token& stop);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay
