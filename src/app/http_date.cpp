#include "app/http_date.h"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Exception.h>

namespace grokauth::app {

std::optional<UnixTime> ParseHttpDate(const std::string& text) {
  // Poco reads what it can and takes the rest for zero: no server lives before this program.
  constexpr int kFirstYear = 2000;
  for (const std::string& format :
       {Poco::DateTimeFormat::HTTP_FORMAT, Poco::DateTimeFormat::RFC850_FORMAT,
        Poco::DateTimeFormat::ASCTIME_FORMAT}) {
    try {
      int zone = 0;
      Poco::DateTime time;
      if (Poco::DateTimeParser::tryParse(format, text, time, zone) && time.year() >= kFirstYear) {
        return UnixTime(std::chrono::seconds(time.timestamp().epochTime()));
      }
    } catch (const Poco::Exception&) {
      // Not in this form.
    }
  }
  return std::nullopt;
}

}  // namespace grokauth::app
