#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>

#include "reports/http_server.hpp"

namespace assay {

/// One connection: reads one request's header, answers, and closes. It keeps itself alive while an
/// operation is pending, and every operation ends by the same moment.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  /// `on_end` runs when the connection is over.
  HttpSession(boost::asio::ip::tcp::socket socket, const HttpHandler& handler,
              std::function<void()> on_end);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void start(double seconds);

 private:
  void on_header(const boost::system::error_code& error);
  void send(const HttpReply& reply, bool head_only);
  void drain();

  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  boost::beast::tcp_stream stream_;
  const HttpHandler& handler_;
  std::function<void()> on_end_;
  boost::beast::flat_buffer buffer_;
  Parser parser_;
  Response response_;
  std::unique_ptr<boost::beast::http::response_serializer<boost::beast::http::string_body>>
      serializer_;
  std::array<char, 4096> discarded_{};
};

}  // namespace assay
