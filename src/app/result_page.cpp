#include "app/result_page.h"

namespace grokauth::app {

namespace {

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr const char* kStyle =
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;"
    "place-items:center}"
    "main{box-sizing:border-box;width:min(32rem,100%);padding:2rem;overflow-wrap:anywhere}"
    "h1{font-size:1.6rem;margin:0 0 .5rem}"
    "p{margin:0}";

}  // namespace

LoopbackReply MakePage(int status, const std::string& heading, const std::string& text) {
  LoopbackReply reply;
  reply.status = status;
  reply.headers = {
      {"Content-Type", "text/html; charset=utf-8"},
      {"Content-Security-Policy",
       "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; "
       "base-uri 'none'; "
       "form-action 'none'"},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
  };
  reply.body =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<link rel=\"icon\" href=\"data:,\"><title>" +
      Escape(heading) + "</title><style>" + kStyle + "</style></head><body><main><h1>" +
      Escape(heading) + "</h1><p>" + Escape(text) + "</p></main></body></html>\n";
  return reply;
}

}  // namespace grokauth::app
