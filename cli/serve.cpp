#include <fmt/format.h>

#include <string>
#include <utility>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/exported_result.hpp"
#include "cli/signals.hpp"
#include "cli/tool_info.hpp"
#include "reports/exporter.hpp"
#include "reports/http_server.hpp"

namespace assay {
namespace {

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  own.add_options()("listen",
                    options::value<std::string>()
                        ->value_name("ADDR:PORT")
                        ->default_value(listen_address_text(ListenAddress{})),
                    "where to listen; port 0 takes a free one");
  declare_export_options(own);
}

Result<int> run(const Invocation& invocation) {
  const auto where = parse_listen_address(invocation.get<std::string>("listen"));
  if (!where) return pass_on(where);
  const auto file = exported_result(invocation);
  if (!file) return pass_on(file);
  auto models = exported_models(invocation);
  if (!models) return pass_on(models);
  Exporter exporter(*file, tool_info(), std::move(*models));
  auto server = HttpServer::listen(
      *where, [&exporter](std::string_view path) { return exporter.answer(path); });
  if (!server) return pass_on(server);
  if (!is_loopback(*where)) {
    remark(invocation,
           fmt::format("assay: warning: {} can be reached from other machines, without TLS or a "
                       "password; put a reverse proxy before it",
                       listen_address_text(*where)));
  }
  remark(invocation, fmt::format("assay: serving http://{}/metrics from {}",
                                 listen_address_text(server->where()), file->string()));
  if (auto served = server->run(invocation.stop); !served) return pass_on(served);
  return exit_code_of_signal();
}

}  // namespace

Command serve_command() {
  return {
      .name = "serve",
      .summary = "serve the last result's metrics over HTTP, on loopback by default",
      .usage = "assay serve [--listen ADDR:PORT] [--models A,B] [--calibration RESULT.json]",
      .examples =
          "  assay serve                           http://127.0.0.1:9877/metrics, until Ctrl-C\n"
          "  assay serve --listen 127.0.0.1:9900\n"
          "Without an open port: assay metrics -o FILE.prom",
      .declare = declare,
      .run = run};
}

}  // namespace assay
