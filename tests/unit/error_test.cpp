#include "app/error.h"

#include <catch2/catch.hpp>

#include <string>

#include "fixture.h"

using namespace grokauth::app;

TEST_CASE("each kind of error has one machine word and one exit status") {
  const auto [kind, word, status] = GENERATE(table<ErrorKind, std::string, int>({
      {ErrorKind::kNetwork, "network", 1},
      {ErrorKind::kServer, "server", 1},
      {ErrorKind::kStore, "store", 1},
      {ErrorKind::kUsage, "usage", 2},
      {ErrorKind::kConfig, "config", 2},
      {ErrorKind::kLoginRequired, "login_required", 3},
      {ErrorKind::kExpired, "expired", 3},
      {ErrorKind::kTimeout, "timeout", 3},
      {ErrorKind::kAccessDenied, "access_denied", 4},
  }));
  CHECK(MachineWord(kind) == word);
  CHECK(ExitStatus(kind) == status);
  CHECK(ErrorKindOf(word) == kind);
}

TEST_CASE("another word stands for no kind of error") {
  const std::string word =
      GENERATE(as<std::string>{}, "", "Network", "network ", "login_ended", "refreshed");
  CHECK_FALSE(ErrorKindOf(word));
}
