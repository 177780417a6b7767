#include "app/http_date.h"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Exception.h>

namespace grokauth::app {

std::optional<UnixTime> ParseHttpDate(const std::string& text) {
  for (const char* format :
       {"%w, %d %b %Y %H:%M:%S GMT", "%W, %d-%b-%y %H:%M:%S GMT", "%w %b %f %H:%M:%S %Y"}) {
    try {
      int zone = 0;
      Poco::DateTime time;
      // Poco takes what it cannot read for zero, so what it has read is written and compared.
      if (Poco::DateTimeParser::tryParse(format, text, time, zone) &&
          Poco::DateTimeFormatter::format(time, format) == text) {
        return UnixTime(std::chrono::seconds(time.timestamp().epochTime()));
      }
    } catch (const Poco::Exception&) {
      // Not in this form.
    }
  }
  return std::nullopt;
}

}  // namespace grokauth::app
