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

// Green, red and amber; text stands out from its background by 4.5:1 or more in both schemes (WCAG
// 2.1, 1.4.3). Nothing is loaded, not even a font.
constexpr const char* kStyle =
    ":root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--edge:#dfe2e7;--text:#1c2024;"
    "--soft:#5b636e;--done:#18794e;--failed:#c62a2f;--notice:#9a5b00}"
    "@media(prefers-color-scheme:dark){:root{--back:#101214;--card:#191c20;--edge:#2d3238;"
    "--text:#eceef1;--soft:#a3abb5;--done:#4cc38a;--failed:#ff8b86;--notice:#f0b350}}"
    "*{box-sizing:border-box}"
    "body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:1rem;min-height:100vh;"
    "min-height:100dvh;display:grid;place-items:center;background:var(--back);color:var(--text)}"
    "main{width:min(30rem,100%);padding:2rem 1.75rem 1.25rem;overflow-wrap:anywhere;"
    "background:var(--card);border:1px solid var(--edge);border-radius:14px}"
    "svg{display:block;width:3.25rem;height:3.25rem;margin:0 0 1rem;color:var(--mark)}"
    ".done{--mark:var(--done)}.failed{--mark:var(--failed)}.notice{--mark:var(--notice)}"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem;color:var(--mark)}"
    "p{margin:0 0 .75rem}"
    ".next{font-weight:600}"
    "footer{margin-top:1.5rem;padding-top:.75rem;border-top:1px solid var(--edge);"
    "font-size:.875rem;color:var(--soft)}"
    "@media(max-width:30rem){body{font-size:1rem}h1{font-size:1.4rem}main{padding:1.5rem 1.25rem "
    "1rem}}";

/// A page's class in the style, and what is drawn in the circle: a tick, a cross or an exclamation
/// mark.
struct Mark {
  const char* name;
  const char* strokes;
};

Mark MarkOf(PageMark mark) {
  switch (mark) {
    case PageMark::kDone:
      return {"done", "M14 25l7 7 14-15"};
    case PageMark::kFailed:
      return {"failed", "M16 16l16 16M32 16L16 32"};
    default:
      return {"notice", "M24 12v15M24 35v.1"};
  }
}

}  // namespace

LoopbackReply MakePage(const ResultPage& page) {
  LoopbackReply reply;
  reply.status = page.status;
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
  const Mark mark = MarkOf(page.mark);
  const std::string heading = Escape(page.heading);
  reply.body =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<link rel=\"icon\" href=\"data:,\"><title>" +
      heading + "</title><style>" + kStyle + "</style></head><body><main class=\"" + mark.name +
      "\"><svg viewBox=\"0 0 48 48\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"4\" "
      "stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\">"
      "<circle cx=\"24\" cy=\"24\" r=\"22\" stroke-width=\"3\"/><path d=\"" +
      mark.strokes + "\"/></svg><h1>" + heading + "</h1><p>" + Escape(page.text) +
      "</p><p class=\"next\">" + Escape(page.next) +
      "</p><footer>grok-auth</footer></main></body></html>\n";
  return reply;
}

}  // namespace grokauth::app
